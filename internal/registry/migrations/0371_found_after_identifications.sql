-- +goose Up

-- What a stage finds is counted by what let the application go on: an identification does, as a
-- release does.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION find_at_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.stage = NEW.stage
        AND NEW.round <= a.capture_round + (SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step IN ('release', 'recapture', 'identify'))) THEN
        PERFORM refuse_unsigned('found_at_stage');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
