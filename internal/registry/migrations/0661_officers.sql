-- +goose Up
-- +goose StatementBegin

-- Who may act. The rights keep a row from being taken away; what changes is from and to
-- when it is valid, and that it was revoked.
CREATE TABLE officers (
    badge      text PRIMARY KEY CONSTRAINT officer_badge CHECK (badge ~ '^[A-Z0-9-]{1,32}$'),
    unit       text NOT NULL, -- 'center', or a province by its code
    roles      text[] NOT NULL CONSTRAINT officer_has_roles CHECK (cardinality(roles) > 0),
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to   timestamptz, -- null: until revoked
    revoked_at timestamptz,
    founder    boolean NOT NULL DEFAULT false, -- made by the owner of the schema, at its founding
    act        text, -- by which he was registered, or last changed
    CONSTRAINT officer_is_registered_by_an_act CHECK (founder OR act IS NOT NULL),
    CONSTRAINT officer_is_no_actor CHECK (upper(badge) NOT IN ('SYSTEM', 'HOLDER', 'CENTER'))
);

-- By what officers sign. A key is one officer's for ever: nobody has two badges by one key.
CREATE TABLE credentials (
    key        bytea PRIMARY KEY, -- SubjectPublicKeyInfo, DER; one spelling, as RFC 8410 and RFC 5480 give it: else one key would be two officers'
    officer    text NOT NULL REFERENCES officers (badge),
    passkey_id bytea UNIQUE, -- of an authenticator; null: another key
    added_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    act        text, -- by which it was registered; null: a founder's
    counter    bigint NOT NULL DEFAULT 0, -- how often an authenticator had signed; many do not count, and say 0
    counted    bytea, -- its last signature; null before the first
    txid       bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint, -- which kept it: by this internal/transparency finds what is new
    CONSTRAINT credential_key CHECK (
        length(key) = 44 AND substr(key, 1, 12) = '\x302a300506032b6570032100'
        OR length(key) = 91 AND substr(key, 1, 27) = '\x3059301306072a8648ce3d020106082a8648ce3d03010703420004')
);
CREATE INDEX credentials_by_officer ON credentials (officer);

-- Which role may do which act; package identity has the same, act by act.
CREATE TABLE competences (
    act  text NOT NULL,
    role text NOT NULL,
    PRIMARY KEY (act, role)
);

-- identity.Competence has the same.
INSERT INTO competences (act, role) VALUES
    ('enroll', 'enrolling'),
    ('recapture', 'enrolling'),
    ('withdraw', 'enrolling'), ('withdraw', 'counter'),
    ('adjudicate', 'adjudicating'),
    ('approve', 'approving'),
    ('reject', 'approving'),
    ('hold', 'approving'), ('hold', 'resolving'), ('hold', 'adjudicating'), ('hold', 'production'),
    ('release', 'approving'), ('release', 'resolving'), ('release', 'production'),
    ('identify', 'resolving'),
    ('correct-person', 'resolving'),
    ('mark-person', 'resolving'),
    ('renumber-person', 'resolving'),
    ('merge-persons', 'resolving'),
    ('hand-over', 'counter'),
    ('collect-fee', 'enrolling'), ('collect-fee', 'counter'),
    ('refund-fee', 'enrolling'), ('refund-fee', 'counter'),
    ('seal', 'dispatch'),
    ('send', 'dispatch'), ('send', 'counter'),
    ('receive', 'dispatch'), ('receive', 'counter'),
    ('recount', 'dispatch'), ('recount', 'counter'),
    ('reopen', 'dispatch'),
    ('settle-surplus', 'dispatch'), ('settle-surplus', 'counter'),
    ('receive-blanks', 'stock'),
    ('move-blanks', 'stock'),
    ('destroy-card', 'stock'), ('destroy-card', 'production'), ('destroy-card', 'counter'), ('destroy-card', 'dispatch'),
    ('find-card', 'stock'), ('find-card', 'dispatch'), ('find-card', 'counter'),
    ('report-lost', 'enrolling'), ('report-lost', 'counter'), ('report-lost', 'approving'), ('report-lost', 'resolving'),
    ('report-found', 'enrolling'), ('report-found', 'counter'), ('report-found', 'approving'), ('report-found', 'resolving'),
    ('report-damaged', 'enrolling'), ('report-damaged', 'counter'), ('report-damaged', 'approving'), ('report-damaged', 'resolving'),
    ('keep-card', 'counter'), ('keep-card', 'approving'), ('keep-card', 'resolving'),
    ('return-card', 'counter'), ('return-card', 'approving'), ('return-card', 'resolving'),
    ('withdraw-card', 'approving'), ('withdraw-card', 'resolving'),
    ('lapse-card', 'approving'), ('lapse-card', 'resolving'),
    ('extract-record', 'counter'), ('extract-record', 'resolving'),
    ('print-pin-letter', 'dispatch'), -- the center posts them, apart from the cards
    ('manage-card', 'counter'), ('manage-card', 'resolving'), ('manage-card', 'keys'),
    ('pause-station', 'production'),
    ('resume-station', 'production'),
    ('remove-station', 'production'),
    ('revoke-signer', 'keys'),
    ('roll-over-signer', 'keys'),
    ('import-transport-key', 'keys'),
    ('make-chip-master', 'keys'),
    ('let-go', 'production'),
    ('replay-notifications', 'production'),
    ('register-station', 'administrator'),
    ('revoke-station', 'administrator'),
    ('register-verifier', 'administrator'),
    ('revoke-verifier', 'administrator'),
    ('register-officer', 'administrator'),
    ('revoke-officer', 'administrator'),
    ('register-key', 'administrator'),
    ('revoke-key', 'administrator');

-- Whether that officer registers others now.
CREATE FUNCTION administrates(badge text, roles text[], valid_from timestamptz, valid_to timestamptz, revoked_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT 'administrator' = ANY(roles) AND revoked_at IS NULL AND now() >= valid_from AND (valid_to IS NULL OR now() < valid_to)
        AND EXISTS (SELECT FROM credentials c WHERE c.officer = badge AND c.revoked_at IS NULL)
$$;

-- Two administrators register everybody, also each other's successors: so one of them, or whoever
-- has one's key, does not end what the others may do. Two with a key remain.
CREATE FUNCTION two_administrators() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'officers' THEN
        IF NOT administrates(OLD.badge, OLD.roles, OLD.valid_from, OLD.valid_to, OLD.revoked_at)
            OR administrates(NEW.badge, NEW.roles, NEW.valid_from, NEW.valid_to, NEW.revoked_at) THEN
            RETURN NULL;
        END IF;
    ELSIF NOT EXISTS (SELECT FROM officers o WHERE o.badge = NEW.officer AND 'administrator' = ANY(o.roles) AND o.revoked_at IS NULL
        AND NOT administrates(o.badge, o.roles, o.valid_from, o.valid_to, o.revoked_at)) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0)); -- who ends another at this moment takes turns
    IF (SELECT count(*) FROM officers o WHERE administrates(o.badge, o.roles, o.valid_from, o.valid_to, o.revoked_at)) < 2 THEN
        RAISE EXCEPTION 'two administrators remain' USING ERRCODE = 'check_violation', CONSTRAINT = 'two_administrators_remain';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER two_administrators AFTER UPDATE OF roles, valid_from, valid_to, revoked_at ON officers FOR EACH ROW EXECUTE FUNCTION two_administrators();
CREATE TRIGGER two_administrators AFTER UPDATE OF revoked_at ON credentials FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION two_administrators();

-- +goose StatementEnd
