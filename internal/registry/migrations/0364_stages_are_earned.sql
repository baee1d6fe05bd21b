-- +goose Up

-- Whether fingers and a portrait are taken for an application, by what was applied for; null: it
-- came before that was kept.
ALTER TABLE applications ADD COLUMN needs_capture boolean;

-- An application goes on by what was found at its stage, or what people decided, and not by what a
-- workflow was told when it was begun, or somebody with the programs' password would have.
-- +goose StatementBegin
CREATE FUNCTION earn_stage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earned boolean;
BEGIN
    CASE NEW.stage
        WHEN 'Received' THEN
            earned := false;
        WHEN 'BiometricCapture' THEN
            earned := OLD.stage IN ('Received', 'DataPreparation');
        WHEN 'Validation' THEN
            earned := OLD.stage = 'Received' AND NEW.needs_capture IS NOT TRUE OR OLD.stage IN ('BiometricCapture', 'DataPreparation');
        WHEN 'Deduplication' THEN
            earned := OLD.stage = 'Validation';
        WHEN 'Approval' THEN
            earned := OLD.stage = 'Validation' AND NEW.needs_capture IS NOT TRUE AND NEW.capture_round = 1 OR OLD.stage = 'Deduplication';
        WHEN 'Rejected' THEN
            earned := EXISTS (SELECT FROM decisions d WHERE d.application = NEW.number AND (d.step = 'reject' OR d.step = 'adjudicate' AND d.verdict = 'same person'));
        WHEN 'Withdrawn' THEN
            earned := EXISTS (SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'withdraw');
        WHEN 'Expired' THEN
            earned := OLD.awaiting IN ('recapture', 'resolution', 'hand-over')
                AND EXISTS (SELECT FROM audit e WHERE e.application = NEW.number AND e.event = 'awaits ' || OLD.awaiting);
        ELSE
            earned := EXISTS (SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'approve');
    END CASE;
    IF NEW.stage IN ('Validation', 'Deduplication', 'Approval') THEN -- what was found there that needs a person stands
        earned := earned AND NOT EXISTS (
            SELECT FROM findings f WHERE f.application = NEW.number AND f.stage = OLD.stage AND f.round = CASE f.stage
                WHEN 'Validation' THEN (SELECT count(*) FROM decisions d WHERE d.application = NEW.number AND d.step IN ('release', 'identify'))
                ELSE NEW.capture_round END
                AND NOT (f.stage = 'Deduplication' AND EXISTS (
                    SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'adjudicate' AND d.round = NEW.capture_round AND d.verdict = 'different persons')));
    END IF;
    IF earned IS NOT TRUE THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER earn_stage AFTER UPDATE OF stage ON applications FOR EACH ROW WHEN (NEW.stage <> OLD.stage) EXECUTE FUNCTION earn_stage();
