-- +goose Up
-- +goose StatementBegin

-- What people did: each statement with the signature of each of its officers, for good.
CREATE TABLE acts (
    id                 text NOT NULL CONSTRAINT act_id CHECK (id <> ''), -- chosen by the client
    officer            text NOT NULL REFERENCES officers (badge),
    act                text NOT NULL,
    subject            text NOT NULL, -- as package statement names it
    at                 timestamptz NOT NULL DEFAULT now(),
    key                bytea NOT NULL REFERENCES credentials (key),
    statement          bytea NOT NULL CONSTRAINT act_is_json CHECK (convert_from(statement, 'UTF8')::jsonb IS NOT NULL),
    signature          bytea NOT NULL,
    authenticator_data bytea, -- of a passkey, else null
    client_data        bytea,
    path               bytea, -- in the tree of hashes whose root was signed, where one touch of a passkey signed several statements
    mac                bytea CONSTRAINT act_has_code CHECK (mac IS NOT NULL), -- that a program of the office took the act in: a code that only programs with the vault's key can compute
    txid               bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint, -- which kept it: by this internal/transparency finds what is new
    PRIMARY KEY (id, officer),
    CONSTRAINT path_of_hashes CHECK (path IS NULL OR length(path) BETWEEN 32 AND 224 AND length(path) % 32 = 0 AND authenticator_data IS NOT NULL)
);
CREATE INDEX acts_by_subject ON acts (subject, at);
CREATE INDEX acts_by_officer ON acts (officer, at);
CREATE INDEX acts_by_transaction ON acts USING brin (txid) WITH (pages_per_range = 32, autosummarize = on);
CREATE TRIGGER keep_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- What is kept for auditors alone, and follows from no act: which statements were refused, who
-- decoded what, who looked whose card up (decodes, reads), and what became of a card by no act
-- (card_reports). Each line has a number, and a code that only programs with the vault's key can
-- compute, over itself and the code of the line before. So nobody adds, changes or takes away
-- one unseen.

-- Statements that were refused: who claimed what, and why it was not done.
CREATE TABLE refused_acts (
    at        timestamptz NOT NULL DEFAULT now(),
    act       text NOT NULL,
    subject   text NOT NULL,
    claimed   text NOT NULL, -- the officers named, whether or not they signed
    source    text NOT NULL DEFAULT '', -- by whom it was signed, or in whose name it came, for limits of their own
    why       text NOT NULL,
    statement bytea NOT NULL,
    digest    bytea NOT NULL UNIQUE, -- of all but the time: a line for each, however often it is sent
    seq       bigint CONSTRAINT refused_act_number UNIQUE,
    mac       bytea,
    txid      bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    CONSTRAINT refused_act_is_chained CHECK (seq IS NOT NULL AND mac IS NOT NULL)
);
CREATE INDEX refused_acts_by_time ON refused_acts (at);
CREATE INDEX refused_acts_by_source ON refused_acts (source, at);
CREATE TRIGGER keep_refused_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON refused_acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- A decision that was refused, since another came first or it was not asked for then, is not done
-- later by whoever sends its statement again: its officer was told that it was refused, and signs
-- anew. Kept until the statement could not be taken in any more.
CREATE TABLE refused_statements (
    digest bytea PRIMARY KEY, -- SHA-256
    until  timestamptz NOT NULL
);
CREATE INDEX refused_statements_by_end ON refused_statements (until);

-- By which officers read, for a short while after they logged in by a signed statement.
CREATE TABLE sessions (
    token    bytea PRIMARY KEY, -- SHA-256 of what the officer holds
    officer  text NOT NULL,
    key      bytea NOT NULL REFERENCES credentials (key), -- a session ends with its key
    act      text NOT NULL,
    until    timestamptz NOT NULL,
    ended_at timestamptz,
    FOREIGN KEY (act, officer) REFERENCES acts (id, officer)
);
CREATE INDEX sessions_by_end ON sessions (until);
-- An officer may begin some within an hour.
CREATE INDEX sessions_by_officer ON sessions (officer, until);

-- Says by which constraint somebody may not do an act: another's key, a revoked or
-- expired officer or key, no role for it, another province's; null if it may be done.
CREATE FUNCTION refused_act(doing text, subject text, badge text, by_key bytea) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    who record;
BEGIN
    SELECT o.*, c.revoked_at AS key_revoked_at INTO who FROM credentials c JOIN officers o ON o.badge = c.officer
    WHERE c.key = by_key AND c.officer = refused_act.badge;
    CASE
        WHEN NOT FOUND THEN RETURN 'act_by_own_key';
        WHEN who.key_revoked_at IS NOT NULL OR who.revoked_at IS NOT NULL OR now() < who.valid_from OR now() >= who.valid_to THEN
            RETURN 'act_by_valid_officer';
        WHEN doing = 'log-in' THEN RETURN NULL;
        WHEN NOT EXISTS (SELECT FROM competences c WHERE c.act = doing AND c.role = ANY(who.roles)) THEN RETURN 'act_by_role';
        WHEN who.unit = 'center' THEN RETURN NULL;
        WHEN who.unit = ANY(act_provinces(doing, subject)) THEN RETURN NULL;
        ELSE RETURN 'act_in_own_province';
    END CASE;
END $$;

-- The provinces whose officers may do an act beside the center's. What is done at a counter is done
-- where the card goes as well as where it was filed; a box is received where it goes, and sent on
-- where it came from. In PL/pgSQL, which is planned once in a session and not at each call, and of
-- its branches those that are taken: it is asked for each act.
CREATE FUNCTION act_provinces(doing text, subject text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    kind  text := substring(subject FROM '^[a-z]+/');
    which text := substr(subject, length(kind) + 1);
    list  text[];
BEGIN
    CASE
        WHEN kind = 'card/' THEN
            list := card_provinces(doing, which);
        WHEN kind = 'person/' THEN
            list := person_provinces(which);
        WHEN kind = 'application/' THEN
            SELECT ARRAY[a.province, CASE WHEN doing IN ('hand-over', 'collect-fee', 'withdraw', 'destroy-card', 'find-card') THEN s.province END] INTO list
            FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = which;
        WHEN kind = 'consignment/' AND doing IN ('receive', 'recount', 'settle-surplus') THEN
            SELECT ARRAY[s.province] INTO list FROM consignments c JOIN stations s ON s.id = c.destination WHERE c.number = which;
        WHEN kind = 'consignment/' AND doing = 'send' THEN
            SELECT ARRAY[s.province] INTO list FROM consignments c JOIN stations s ON s.id = c.origin WHERE c.number = which;
        WHEN kind = 'station/' AND doing = 'enroll' THEN
            SELECT ARRAY[s.province] INTO list FROM stations s WHERE s.id = which;
        ELSE
            list := NULL;
    END CASE;
    RETURN array_remove(list, NULL);
END $$;

-- An act is kept while its statement is valid, or within a day after: the engine may have taken it in
-- just before, and found the database away. So a statement that was refused, or had run out, is
-- no act later, whoever puts it here. And its row says what the statement says. An identifier is one
-- statement's, whoever signs it: who uses another officer's for his own would make both look forged.
CREATE FUNCTION may_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said    jsonb := convert_from(NEW.statement, 'UTF8');
    until   timestamptz := (said ->> 'until')::timestamptz;
    ahead   interval := CASE NEW.act WHEN 'enroll' THEN interval '31 days' ELSE interval '1 hour' END;
    refused text := refused_act(NEW.act, NEW.subject, NEW.officer, NEW.key);
BEGIN
    -- Who says two things under one identifier at one moment takes turns. Said again, it may be
    -- signed anew, and be taken in for longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('act ' || NEW.id, 0));
    IF refused IS NULL AND EXISTS (SELECT FROM acts WHERE id = NEW.id
        AND convert_from(statement, 'UTF8')::jsonb - 'until' <> said - 'until') THEN
        refused := 'act_said_otherwise';
    END IF;
    IF refused IS NULL AND (said ->> 'id', said ->> 'act', said ->> 'subject') IS DISTINCT FROM (NEW.id, NEW.act, NEW.subject) THEN
        refused := 'act_as_signed';
    END IF;
    -- What is kept already is left as it is, however late it comes again.
    IF refused IS NULL AND NOT EXISTS (SELECT FROM acts WHERE id = NEW.id AND officer = NEW.officer) THEN
        refused := CASE WHEN (now() <= until + interval '1 day') IS NOT TRUE THEN 'act_in_its_time'
            WHEN now() < until - ahead - interval '1 minute' THEN 'act_not_so_far_ahead' END;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = refused;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER may_act BEFORE INSERT ON acts FOR EACH ROW EXECUTE FUNCTION may_act();

-- What was refused for good is no act later.
CREATE FUNCTION refused_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM refused_statements WHERE digest = sha256(NEW.statement)) THEN
        RAISE EXCEPTION 'refused before' USING ERRCODE = 'check_violation', CONSTRAINT = 'refused_before';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refused_before BEFORE INSERT ON acts FOR EACH ROW EXECUTE FUNCTION refused_before();

-- Who gives a station a key, or a verifier a token, or takes them in again, is two administrators,
-- as for an officer: one stops, and gives nobody anything. Both signatures of an act are kept by one
-- statement.
CREATE FUNCTION signed_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM acts WHERE id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'two sign that' USING ERRCODE = 'check_violation', CONSTRAINT = 'act_by_two';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER signed_by_two AFTER INSERT ON acts FOR EACH ROW
    WHEN (NEW.act IN ('register-station', 'register-verifier')) EXECUTE FUNCTION signed_by_two();

-- An extract says all that is held on a citizen. Who is at a counter of no province, as the post's
-- people are, has none made: at the center those who resolve do.
CREATE FUNCTION extract_by_resolver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM officers o WHERE o.badge = NEW.officer AND o.unit = 'center' AND NOT 'resolving' = ANY(o.roles)) THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = 'act_by_role';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER extract_by_resolver BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.act = 'extract-record') EXECUTE FUNCTION extract_by_resolver();

-- An issued card's chip and PIN are seen to, and a lost card is found, at the counter to which its
-- holder comes, wherever that is, but not by who is at a counter of no province, as the post's
-- people are: at the center those who resolve, approve or keep the keys do.
CREATE FUNCTION card_at_a_counter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who officers%ROWTYPE;
BEGIN
    SELECT * INTO who FROM officers WHERE badge = NEW.officer;
    IF who.unit = 'center' AND NOT who.roles && ARRAY['resolving', 'keys', 'approving'] THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = 'act_by_role';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER card_at_a_counter BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.act IN ('manage-card', 'report-found')) EXECUTE FUNCTION card_at_a_counter();

-- A session is short, whoever writes it: it ends a while after its officer logged in.
CREATE FUNCTION keep_session_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts WHERE id = NEW.act AND officer = NEW.officer AND act = 'log-in' AND NEW.until <= at + interval '15 minutes') THEN
        RAISE EXCEPTION 'a session is short' USING ERRCODE = 'check_violation', CONSTRAINT = 'session_is_short';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_session_short BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION keep_session_short();

-- Whether one of those acts, on that subject, is kept by this transaction. In PL/pgSQL, which is
-- planned once in a session: it is asked for each stage and each card.
CREATE FUNCTION signed_now(doing text[], about text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM acts a WHERE a.subject = about AND a.act = ANY(doing) AND a.txid = pg_current_xact_id()::text::bigint);
END $$;

-- Whether one of those acts is, whatever it is on: a box may bring cards that others were to.
CREATE FUNCTION signed_now(doing text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.txid = pg_current_xact_id()::text::bigint AND a.act = ANY(doing))
$$;

-- Whether the act of that identifier, by that officer, is, and was signed for at that time.
CREATE FUNCTION act_of_now(of_id text, by_officer text, done_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.id = of_id AND a.officer = by_officer AND a.at = done_at AND a.txid = pg_current_xact_id()::text::bigint)
$$;

-- Whether the act of that identifier, by that officer, is.
CREATE FUNCTION act_of_now(of_id text, by_officer text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.id = of_id AND a.officer = by_officer AND a.txid = pg_current_xact_id()::text::bigint)
$$;

-- +goose StatementEnd
