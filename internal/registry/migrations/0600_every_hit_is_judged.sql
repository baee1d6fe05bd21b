-- +goose Up

-- A capture is searched with more than once: after an adjudicator's verdict, and after an officer's
-- word on whose the application is. Which capture a search was made with stands beside what it found;
-- null: that came before this was kept, when there was one search of each capture, counted as it.
ALTER TABLE findings ADD COLUMN capture integer;

-- Which search an application is at: each capture, each word on who the applicant is and each verdict
-- that tells persons apart is followed by another.
-- +goose StatementBegin
CREATE FUNCTION search_round(of_application text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT capture_round FROM applications WHERE number = of_application)
        + (SELECT count(*)::integer FROM decisions d WHERE d.application = of_application
            AND (d.step = 'identify' OR d.step = 'adjudicate' AND d.verdict = 'different persons'));
END $$;

-- What a search found is of the search and the capture that the application is at.
CREATE FUNCTION know_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.round := search_round(NEW.application);
    SELECT a.capture_round INTO NEW.capture FROM applications a WHERE a.number = NEW.application;
    RETURN NEW;
END $$;

-- A verdict is on what was found by now.
CREATE FUNCTION judge_what_was_found() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.round > search_round(NEW.application) THEN
        RAISE EXCEPTION 'not searched yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_is_of_now';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION find_at_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.stage = NEW.stage
        AND NEW.round <= a.capture_round + (SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step IN ('release', 'recapture', 'identify', 'adjudicate'))) THEN
        PERFORM refuse_unsigned('found_at_stage');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_search BEFORE INSERT ON findings FOR EACH ROW WHEN (NEW.stage = 'Deduplication') EXECUTE FUNCTION know_search();
CREATE TRIGGER judge_what_was_found BEFORE INSERT ON decisions FOR EACH ROW WHEN (NEW.step = 'adjudicate') EXECUTE FUNCTION judge_what_was_found();

-- The hits of each search with the capture that an application has now, and whether an adjudicator
-- has told the applicant apart from them: in that search, or a later one. What cannot be read is a hit.
CREATE FUNCTION hits_of(whose text) RETURNS TABLE (hit text, judged boolean) LANGUAGE sql STABLE AS $$
    SELECT jsonb_array_elements_text(CASE jsonb_typeof(f.found -> 'Hits') WHEN 'array' THEN f.found -> 'Hits' ELSE '[""]' END),
        EXISTS (SELECT FROM decisions d WHERE d.application = whose AND d.step = 'adjudicate' AND d.verdict = 'different persons' AND d.round >= f.round)
    FROM applications a JOIN findings f ON f.application = a.number AND f.stage = 'Deduplication' AND coalesce(f.capture, f.round) = a.capture_round
    WHERE a.number = whose
$$;

-- Those of others that no adjudicator has judged. hits_others stays for programs of the release before.
CREATE FUNCTION unjudged_hits(whose text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT other FROM others_than(whose, ARRAY(SELECT hit FROM hits_of(whose) WHERE NOT judged EXCEPT SELECT hit FROM hits_of(whose) WHERE judged), '{}') AS other
$$;

-- For auditors, who see no findings: what is approved, or waits for that, in spite of such a hit.
CREATE FUNCTION approved_unjudged(since timestamptz) RETURNS TABLE (application text, stage text) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT a.number, a.stage FROM applications a
    WHERE a.received_at >= since AND a.stage IN ('Approval', 'DataPreparation', 'Personalization', 'Printing', 'Inspection', 'Dispatch', 'HandOver')
        AND EXISTS (SELECT FROM findings f WHERE f.application = a.number AND f.stage = 'Deduplication' AND EXISTS (SELECT FROM unjudged_hits(f.application)))
    ORDER BY a.number
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
            earned := OLD.awaiting IN ('recapture', 'resolution', 'hand-over') AND OLD.awaiting_until < now() + interval '1 minute'
                AND EXISTS (SELECT FROM audit e WHERE e.application = NEW.number AND e.event = 'awaits ' || OLD.awaiting);
        ELSE
            earned := approved_by(NEW.number) IS NOT NULL;
    END CASE;
    IF OLD.stage = 'Deduplication' AND NEW.stage = 'Approval' THEN -- every hit was judged
        earned := earned AND NOT EXISTS (SELECT FROM unjudged_hits(NEW.number));
    ELSIF NEW.stage IN ('Validation', 'Deduplication', 'Approval') THEN -- what was found there that needs a person stands
        earned := earned AND NOT EXISTS (
            SELECT FROM findings f WHERE f.application = NEW.number AND f.stage = OLD.stage AND f.round = CASE f.stage
                WHEN 'Validation' THEN (SELECT count(*) FROM decisions d WHERE d.application = NEW.number AND d.step IN ('release', 'identify'))
                ELSE NEW.capture_round END);
    END IF;
    IF earned IS NOT TRUE THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
