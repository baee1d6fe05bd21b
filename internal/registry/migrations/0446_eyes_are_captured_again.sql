-- +goose Up

-- Eyes that were captured again, and whose round was not accepted, go as portrait and fingers do.
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
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates', 'iris-left', 'iris-right')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
