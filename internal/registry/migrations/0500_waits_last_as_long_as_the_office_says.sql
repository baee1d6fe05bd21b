-- +goose Up

-- How long a citizen has at least, by what an application waits for: the office's settings, which
-- the schema's owner writes (registry.Migrate). A program gives as long, or longer.
CREATE TABLE least_waits (
    awaiting text PRIMARY KEY CONSTRAINT least_wait_awaiting CHECK (awaiting IN ('recapture', 'resolution', 'hand-over')),
    least    interval NOT NULL CONSTRAINT least_wait_lasts CHECK (least > interval '0')
);

-- Until when an application waits is settled when its wait begins, and gets no earlier while it lasts.
-- +goose StatementBegin
CREATE FUNCTION keep_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.stage = OLD.stage AND NEW.awaiting IN ('', OLD.awaiting) AND OLD.awaiting_until IS NOT NULL THEN
        IF NEW.awaiting_until IS NULL OR NEW.awaiting_until < OLD.awaiting_until THEN
            RAISE EXCEPTION 'the wait lasts longer' USING ERRCODE = 'check_violation', CONSTRAINT = 'wait_is_kept';
        END IF;
    ELSIF NEW.awaiting_until IS NOT NULL THEN
        NEW.awaiting_until := greatest(NEW.awaiting_until, now() + (SELECT least FROM least_waits WHERE awaiting = NEW.awaiting));
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_wait BEFORE UPDATE OF stage, awaiting, awaiting_until ON applications FOR EACH ROW
    WHEN ((NEW.awaiting, NEW.awaiting_until) IS DISTINCT FROM (OLD.awaiting, OLD.awaiting_until)) EXECUTE FUNCTION keep_wait();

-- How often a finger was laid on the reader only grows: a try is none that was before, and each that
-- failed is in the trail by itself, where they are limited.
-- +goose StatementBegin
CREATE FUNCTION count_probes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tries are counted on' USING ERRCODE = 'check_violation', CONSTRAINT = 'probes_are_counted_on';
END $$;
-- +goose StatementEnd
CREATE TRIGGER count_probes_on BEFORE UPDATE OF probes ON applications FOR EACH ROW WHEN (NEW.probes < OLD.probes) EXECUTE FUNCTION count_probes_on();

-- Nothing expires before the time that was kept when its wait began.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION earn_stage() RETURNS trigger LANGUAGE plpgsql AS $$
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
            earned := OLD.awaiting IN ('recapture', 'resolution', 'hand-over') AND OLD.awaiting_until < now() + interval '1 minute'
                AND EXISTS (SELECT FROM audit e WHERE e.application = NEW.number AND e.event = 'awaits ' || OLD.awaiting);
        ELSE
            earned := approved_by(NEW.number) IS NOT NULL;
    END CASE;
    IF NEW.stage IN ('Validation', 'Deduplication', 'Approval') THEN -- what was found there that needs a person stands
        earned := earned AND NOT EXISTS (
            SELECT FROM findings f WHERE f.application = NEW.number AND f.stage = OLD.stage AND f.round = CASE f.stage
                WHEN 'Validation' THEN (SELECT count(*) FROM decisions d WHERE d.application = NEW.number AND d.step IN ('release', 'identify'))
                ELSE NEW.capture_round END
                AND NOT (f.stage = 'Deduplication' AND (NOT hits_others(NEW.number, f.round) OR EXISTS (
                    SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'adjudicate' AND d.round = NEW.capture_round AND d.verdict = 'different persons'))));
    END IF;
    IF earned IS NOT TRUE THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
