-- +goose Up

-- Which try's finger matched, of a card that was handed over by one; null: of before that was
-- kept, or without a finger.
ALTER TABLE cards ADD COLUMN probe integer;

-- +goose StatementBegin
CREATE FUNCTION keep_probe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'it matched when the card was handed over' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_is_signed_for';
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_probe BEFORE UPDATE OF probe ON cards FOR EACH ROW
    WHEN (NEW.probe IS DISTINCT FROM OLD.probe AND (OLD.state, NEW.state) <> ('arrived', 'live')) EXECUTE FUNCTION keep_probe();

-- Evidence is deleted to be captured again, or with all that its application's key opens; chip
-- images with private keys, of engines before 0100, as they were; and so is a finger that was
-- laid on the reader, unless the card was handed over by it: whose it is, nobody knows.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = OLD.application AND erased_at IS NOT NULL) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind = 'chip-image' AND EXISTS (SELECT FROM cards WHERE application = OLD.application AND attempt = OLD.attempt
        AND state NOT IN ('prepared', 'begun', 'personalized', 'printed')) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind = 'probe' AND NOT EXISTS (SELECT FROM cards WHERE application = OLD.application AND handed_over = 'fingerprint'
        AND coalesce(probe, OLD.attempt) = OLD.attempt) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd

-- Those that were kept all the same.
DELETE FROM vault_blobs b WHERE kind = 'probe' AND NOT EXISTS (SELECT FROM cards c WHERE c.application = b.application AND c.handed_over = 'fingerprint');
