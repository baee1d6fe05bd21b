-- +goose Up

-- Of the applications whose fingers were found, those of others than the applicant: under none of
-- the numbers that the person has or had, nor under those.
CREATE FUNCTION others_than(whose text, hits text[], numbers bytea[]) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT a.citizen FROM applications a WHERE a.number = whose AND a.citizen IS NOT NULL
        UNION SELECT unnest(numbers)
        UNION SELECT o.citizen FROM applications a JOIN person_numbers n ON n.citizen = a.citizen JOIN person_numbers o ON o.person = n.person WHERE a.number = whose
    )
    SELECT h.number FROM unnest(hits) WITH ORDINALITY AS h (number, n) LEFT JOIN applications a ON a.number = h.number
    WHERE NOT EXISTS (SELECT FROM own WHERE own.citizen = a.citizen) ORDER BY h.n
$$;

-- Whether fingers of others were found in that round of capture, who are others still: persons who
-- were merged since are one.
CREATE FUNCTION hits_others(whose text, of_round integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM findings f WHERE f.application = whose AND f.stage = 'Deduplication' AND f.round = of_round
            AND (jsonb_typeof(f.found -> 'Hits') IS DISTINCT FROM 'array'
                OR EXISTS (SELECT FROM others_than(whose, ARRAY(SELECT jsonb_array_elements_text(f.found -> 'Hits')), '{}'))))
$$;

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
                AND NOT (f.stage = 'Deduplication' AND (NOT hits_others(NEW.number, f.round) OR EXISTS (
                    SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'adjudicate' AND d.round = NEW.capture_round AND d.verdict = 'different persons'))));
    END IF;
    IF earned IS NOT TRUE THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
