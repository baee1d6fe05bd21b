-- +goose Up
-- +goose StatementBegin

-- The vault: encrypted blobs, and for each application its data key, wrapped by the master key.
-- Without the key the blobs are noise.
CREATE TABLE vault_keys (
    application text PRIMARY KEY,
    wrapped     bytea NOT NULL
);

-- What a blob is to its application is its kind (identity.EvidenceKind).
CREATE TABLE vault_blobs (
    application text NOT NULL REFERENCES vault_keys (application),
    kind        text NOT NULL,
    attempt     integer NOT NULL,
    sealed      bytea NOT NULL,
    PRIMARY KEY (application, kind, attempt)
);
ALTER TABLE vault_blobs ALTER COLUMN sealed SET STORAGE EXTERNAL; -- ciphertext does not compress

-- Evidence comes with what it is of: a packet with its application, a capture with its application or
-- for the next round, what a card is made from with the card, a finger with its try. Nobody adds a face
-- or a finger to a round that counts. What is there already stays as it is, whoever stores it again.
CREATE FUNCTION add_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    belongs boolean;
BEGIN
    CASE
        WHEN NEW.kind IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates', 'iris-left', 'iris-right', 'packet') THEN
            belongs := EXISTS (SELECT FROM applications a WHERE a.number = NEW.application
                AND (NEW.attempt = 1 AND act_of_now(a.enrolled_act, a.officer) OR NEW.kind <> 'packet' AND NEW.attempt = a.capture_round + 1 AND a.stage = 'BiometricCapture'));
        WHEN NEW.kind IN ('chip', 'print-pdf', 'print-portrait') THEN
            belongs := EXISTS (SELECT FROM cards c WHERE c.application = NEW.application AND c.attempt = NEW.attempt AND c.state = 'prepared');
        WHEN NEW.kind = 'probe' THEN
            belongs := EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.probes = NEW.attempt);
        ELSE
            belongs := NEW.kind = 'capture-sheet';
    END CASE;
    IF belongs IS NOT TRUE AND NOT EXISTS (
        SELECT FROM vault_blobs b WHERE b.application = NEW.application AND b.kind = NEW.kind AND b.attempt = NEW.attempt) THEN
        RAISE EXCEPTION 'evidence is of its capture' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_of_its_capture';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER add_evidence BEFORE INSERT ON vault_blobs FOR EACH ROW EXECUTE FUNCTION add_evidence();

-- Evidence is deleted to be captured again, for a round that the workflow has not accepted yet, or with
-- all that its application's key opens; and so is a finger that was laid on the reader, unless the card
-- was handed over by it: whose it is, nobody knows.
CREATE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = OLD.application AND erased_at IS NOT NULL) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind = 'probe' AND NOT EXISTS (SELECT FROM cards WHERE application = OLD.application AND handed_over = 'fingerprint'
        AND coalesce(probe, OLD.attempt) = OLD.attempt) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates', 'iris-left', 'iris-right')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_evidence BEFORE DELETE ON vault_blobs FOR EACH ROW EXECUTE FUNCTION keep_evidence();

-- +goose StatementEnd
