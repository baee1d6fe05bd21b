-- +goose Up

-- The programs' password alone lets nobody write. A session writes after its program proved
-- that it holds the office's vault key, by 32 bytes that follow from it; a program does so
-- when it connects. What a session said is its own: no other session sees it.

-- What the proof's digest is: of the program that connected first.
CREATE TABLE office_proof (
    digest bytea       NOT NULL CHECK (octet_length(digest) = 32),
    since  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_office ON office_proof ((true));

-- +goose StatementBegin
-- Says the proof for this session, and whether it is the office's.
CREATE FUNCTION enter_office(proof bytea) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM set_config('cancuoc.proof', encode(proof, 'hex'), false);
    IF NOT EXISTS (SELECT FROM office_proof) THEN
        INSERT INTO office_proof (digest) VALUES (sha256(proof)) ON CONFLICT DO NOTHING;
    END IF;
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
-- +goose StatementEnd
