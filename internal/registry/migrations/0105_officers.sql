-- +goose Up

-- Who may act. The rights keep a row from being taken away; what changes is from and to
-- when it is valid, and that it was revoked.
CREATE TABLE officers (
    badge       text PRIMARY KEY CONSTRAINT officer_badge CHECK (badge ~ '^[A-Z0-9-]{1,32}$'),
    unit        text NOT NULL, -- 'center', or a province by its code
    roles       text[] NOT NULL CONSTRAINT officer_has_roles CHECK (cardinality(roles) > 0),
    valid_from  timestamptz NOT NULL DEFAULT now(),
    valid_to    timestamptz,   -- null: until revoked
    revoked_at  timestamptz,
    founder     boolean NOT NULL DEFAULT false, -- made by the owner of the schema, at its founding
    act         text,          -- by which he was registered, or last changed
    CONSTRAINT officer_is_registered_by_an_act CHECK (founder OR act IS NOT NULL)
);

-- By what they sign. A key is one officer's for ever: nobody has two badges by one key.
CREATE TABLE credentials (
    key        bytea PRIMARY KEY, -- SubjectPublicKeyInfo, DER
    officer    text NOT NULL REFERENCES officers (badge),
    passkey_id bytea UNIQUE,      -- of an authenticator; null: another key
    added_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    act        text               -- by which it was registered; null: a founder's
);
CREATE INDEX credentials_by_officer ON credentials (officer);

-- Which role may do which act; identity.Competence has the same.
CREATE TABLE competences (act text, role text, PRIMARY KEY (act, role));
INSERT INTO competences (act, role) VALUES
    ('recapture', 'enrolling'), ('withdraw', 'enrolling'), ('withdraw', 'counter'), ('adjudicate', 'adjudicating'),
    ('approve', 'approving'), ('reject', 'approving'),
    ('hold', 'approving'), ('hold', 'resolving'), ('hold', 'adjudicating'), ('hold', 'production'),
    ('release', 'approving'), ('release', 'resolving'), ('release', 'production'),
    ('hand-over', 'counter'), ('seal', 'dispatch'), ('send', 'dispatch'), ('send', 'counter'), ('receive', 'dispatch'), ('receive', 'counter'),
    ('recount', 'dispatch'), ('recount', 'counter'), ('reopen', 'dispatch'), ('settle-surplus', 'dispatch'), ('settle-surplus', 'counter'),
    ('receive-blanks', 'stock'),
    ('destroy-card', 'stock'), ('destroy-card', 'production'), ('destroy-card', 'counter'), ('destroy-card', 'dispatch'),
    ('find-card', 'stock'), ('find-card', 'counter'), ('find-card', 'dispatch'),
    ('pause-station', 'production'), ('resume-station', 'production'), ('remove-station', 'production'),
    ('revoke-signer', 'keys'), ('roll-over-signer', 'keys'), ('let-go', 'production'),
    ('register-station', 'administrator'), ('revoke-station', 'administrator'),
    ('register-officer', 'administrator'), ('revoke-officer', 'administrator'), ('register-key', 'administrator'), ('revoke-key', 'administrator');

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
    authenticator_data bytea,         -- of a passkey, else null
    client_data        bytea,
    PRIMARY KEY (id, officer)
);
CREATE INDEX acts_by_subject ON acts (subject, at);
CREATE INDEX acts_by_officer ON acts (officer, at);
CREATE TRIGGER keep_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Statements that were refused: who claimed what, and why it was not done.
CREATE TABLE refused_acts (
    at        timestamptz NOT NULL DEFAULT now(),
    act       text NOT NULL,
    subject   text NOT NULL,
    claimed   text NOT NULL, -- the officers named, whether or not they signed
    why       text NOT NULL,
    statement bytea NOT NULL,
    digest    bytea NOT NULL UNIQUE -- of all but the time: a line for each, however often it is sent
);
CREATE INDEX refused_acts_by_time ON refused_acts (at);
CREATE TRIGGER keep_refused_acts BEFORE UPDATE OR DELETE OR TRUNCATE ON refused_acts FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- The provinces whose officers may do an act beside the center's. What is done at a counter
-- is done where the card goes as well as where it was filed; a box is received where it
-- goes, and sent on where it came from.
CREATE FUNCTION act_provinces(doing text, subject text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(CASE
        WHEN subject LIKE 'application/%' THEN (
            SELECT ARRAY[a.province, CASE WHEN doing IN ('hand-over', 'withdraw', 'destroy-card', 'find-card') THEN s.province END]
            FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = substr(subject, length('application/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing IN ('receive', 'recount', 'settle-surplus') THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.destination WHERE c.number = substr(subject, length('consignment/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing = 'send' THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.origin WHERE c.number = substr(subject, length('consignment/') + 1))
        END, NULL)
$$;

-- Says by which constraint somebody may not do an act: another's key, a revoked or
-- expired officer or key, no role for it, another province's; null if it may be done.
-- +goose StatementBegin
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

CREATE FUNCTION may_act() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text := refused_act(NEW.act, NEW.subject, NEW.officer, NEW.key);
BEGIN
    -- Who says two things under one identifier at one moment takes turns with himself. Said
    -- again, it may be signed anew, and be taken in for longer.
    PERFORM pg_advisory_xact_lock(hashtextextended('act ' || NEW.id || ' ' || NEW.officer, 0));
    IF refused IS NULL AND EXISTS (SELECT FROM acts WHERE id = NEW.id AND officer = NEW.officer
        AND convert_from(statement, 'UTF8')::jsonb - 'until' <> convert_from(NEW.statement, 'UTF8')::jsonb - 'until') THEN
        refused := 'act_said_otherwise';
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = refused;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER may_act BEFORE INSERT ON acts FOR EACH ROW EXECUTE FUNCTION may_act();

-- What is recorded of a person is what the person signed. Rows of before are not looked at.
ALTER TABLE decisions ADD CONSTRAINT decision_is_signed FOREIGN KEY (request, officer) REFERENCES acts (id, officer) NOT VALID;
ALTER TABLE cards
    ADD COLUMN handed_over_act text,
    ADD CONSTRAINT hand_over_is_signed FOREIGN KEY (handed_over_act, handed_over_by) REFERENCES acts (id, officer);
ALTER TABLE cards ADD CONSTRAINT hand_over_has_act CHECK (handed_over_by = '' OR handed_over_act IS NOT NULL) NOT VALID;
ALTER TABLE consignments
    ADD COLUMN sealed_act text, ADD COLUMN sent_act text, ADD COLUMN received_act text,
    ADD CONSTRAINT sealing_is_signed FOREIGN KEY (sealed_act, sealed_by) REFERENCES acts (id, officer),
    ADD CONSTRAINT sending_is_signed FOREIGN KEY (sent_act, sent_by) REFERENCES acts (id, officer),
    ADD CONSTRAINT receipt_is_signed FOREIGN KEY (received_act, received_by) REFERENCES acts (id, officer);
ALTER TABLE consignments ADD CONSTRAINT movement_has_act CHECK ((sealed_by IN ('', 'system') OR sealed_act IS NOT NULL)
    AND (sent_by = '' OR sent_act IS NOT NULL) AND (received_by = '' OR received_act IS NOT NULL)) NOT VALID;
ALTER TABLE boxes
    ADD COLUMN act text,
    ADD CONSTRAINT box_receipt_is_signed FOREIGN KEY (act, received_by) REFERENCES acts (id, officer),
    ADD CONSTRAINT box_count_is_signed FOREIGN KEY (act, counted_by) REFERENCES acts (id, officer);
ALTER TABLE boxes ADD CONSTRAINT box_has_act CHECK (act IS NOT NULL) NOT VALID;

-- Whoever enrolled is registered as one who may, in the station's province.
-- +goose StatementBegin
CREATE FUNCTION know_enroller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM officers o WHERE o.badge = NEW.officer AND 'enrolling' = ANY(o.roles) AND o.unit IN ('center', NEW.province)
        AND o.revoked_at IS NULL AND now() >= o.valid_from AND (o.valid_to IS NULL OR now() < o.valid_to)) THEN
        RAISE EXCEPTION 'enroller' USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolled_by_officer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_enroller BEFORE INSERT ON applications FOR EACH ROW EXECUTE FUNCTION know_enroller();
