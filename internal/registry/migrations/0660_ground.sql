-- +goose Up
-- +goose StatementBegin

-- Up to which migration the schema, and the rights of the roles in it, are complete: what
-- programs ask before they work. One row, written by registry.Migrate.
CREATE TABLE schema_version (
    one     boolean PRIMARY KEY DEFAULT true CONSTRAINT one_schema_version CHECK (one),
    version bigint NOT NULL
);

-- Who does what only one process should do at a time. A lease that was not renewed may
-- be taken by another: nothing has to be given back, and no session is bound to it.
CREATE TABLE leases (
    name   text PRIMARY KEY,
    holder text NOT NULL,
    until  timestamptz NOT NULL
);

-- The programs' password alone lets nobody write. A session writes after its program proved
-- that it holds the office's vault key, by 32 bytes that follow from it; a program does so
-- when it connects. What a session said is its own: no other session sees it. Which proof
-- lets programs write, the schema's owner says (registry.Migrate). The salt makes a proof that became known
-- worth nothing.
CREATE TABLE office_proof (
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    since  timestamptz NOT NULL DEFAULT now(),
    salt   bytea -- with another, another proof follows from the same key; null: the owner has not looked at it yet
);
CREATE UNIQUE INDEX one_office ON office_proof ((true));

-- Says the proof for this session, and whether it is the office's.
CREATE FUNCTION enter_office(proof bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cancuoc.proof', encode(proof, 'hex'), false);
    RETURN EXISTS (SELECT FROM office_proof WHERE digest = sha256(proof));
END $$;

-- Stands before every table (rights.sql). Who owns the table needs no proof.
CREATE FUNCTION only_the_office() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM office_proof WHERE digest = sha256(decode(coalesce(current_setting('cancuoc.proof', true), ''), 'hex')))
        AND NOT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'nothing is written here but by a program that holds the key of the office' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

-- Stands before tables that are only added to.
CREATE FUNCTION keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_final';
END $$;

-- What somebody relies on, and only a person may change, changes in the transaction that keeps
-- that person's act: who has the programs' password cannot change it without adding an act, and
-- `starter audit verify` looks at the signature of every act. It is looked at when the
-- transaction ends, by the triggers sign_...: some statements change first and keep the act after
-- that.
CREATE FUNCTION refuse_unsigned(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nobody signed that' USING ERRCODE = 'check_violation', CONSTRAINT = what;
END $$;

-- Who reads the trail reads one line for each entry: nothing in it ends a line, turns its
-- direction, hides, or commands a terminal.
CREATE FUNCTION is_plain(text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT $1 !~ E'[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]' $$;

-- +goose StatementEnd
