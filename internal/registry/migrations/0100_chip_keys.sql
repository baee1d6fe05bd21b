-- +goose Up

-- A chip makes its private keys itself. What is signed over their public parts is known when
-- the card is inspected, and never changes after that.
-- +goose StatementBegin
CREATE FUNCTION keep_security_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the security object of a card is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'security_object_is_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_security_object BEFORE UPDATE OF digest_sod ON cards FOR EACH ROW
    WHEN (OLD.digest_sod IS NOT NULL AND NEW.digest_sod IS DISTINCT FROM OLD.digest_sod) EXECUTE FUNCTION keep_security_object();

-- Evidence of the kind 'chip-image', of engines before this one, holds private keys. It is
-- erased when the card left its station's slot, or was given up; none is made any more.
CREATE INDEX vault_chip_keys ON vault_blobs (application, attempt) WHERE kind = 'chip-image';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kind = 'chip-image' AND EXISTS (SELECT FROM cards WHERE application = OLD.application AND attempt = OLD.attempt
        AND state NOT IN ('prepared', 'begun', 'personalized', 'printed')) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
