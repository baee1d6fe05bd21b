-- +goose Up

-- An approval counts for what its officer saw: its round is one more than how often an officer had
-- said by then whose the application is. After a later word it counts no more, and neither does the
-- paper that it names; the application is approved anew.
CREATE FUNCTION approval_round(of_application text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT 1 + count(*)::integer FROM decisions d WHERE d.application = of_application AND d.step = 'identify'
$$;

-- Who approved what the application is now; null: nobody.
CREATE FUNCTION approved_by(of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT d.officer FROM decisions d WHERE d.application = of_application AND d.step = 'approve' AND d.round = approval_round(of_application)
$$;

-- What went on to a card by an approval of before keeps it.
UPDATE decisions d SET round = 1 + (
    SELECT count(*) FROM decisions i WHERE i.application = d.application AND i.step = 'identify'
        AND (i.at < d.at OR a.stage NOT IN ('Received', 'BiometricCapture', 'Validation', 'Deduplication', 'Approval')))
FROM applications a WHERE a.number = d.application AND d.step = 'approve'
    AND EXISTS (SELECT FROM decisions i WHERE i.application = d.application AND i.step = 'identify');

-- Whoever said whose an application is does not grant it, nor the other way round: the person who is
-- given a card is seen by two officers beside who enrolled. Both take turns at the application.
-- There may be two approvals of one application, so that what two unique indexes held is held by the
-- trigger below: whoever adjudicated or identified does not approve, nor the other way round; and at
-- Approval there is one verdict on what was seen.
DROP INDEX adjudicator_does_not_approve;
DROP INDEX one_verdict_at_approval;

-- +goose StatementBegin
CREATE FUNCTION approved_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    besides text;
BEGIN
    PERFORM FROM applications WHERE number = NEW.application FOR NO KEY UPDATE;
    SELECT step INTO besides FROM decisions WHERE application = NEW.application AND officer = NEW.officer
        AND CASE NEW.step WHEN 'approve' THEN step IN ('identify', 'adjudicate') WHEN 'reject' THEN false ELSE step = 'approve' END LIMIT 1;
    IF 'adjudicate' IN (NEW.step, besides) AND besides IS NOT NULL THEN
        RAISE EXCEPTION 'whoever adjudicated' USING ERRCODE = 'check_violation', CONSTRAINT = 'adjudicator_does_not_approve';
    ELSIF besides IS NOT NULL THEN
        RAISE EXCEPTION 'whoever identified' USING ERRCODE = 'check_violation', CONSTRAINT = 'identifier_does_not_approve';
    END IF;
    IF NEW.step = 'approve' AND NEW.round <> approval_round(NEW.application)
        AND NOT EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.officer) THEN -- whom four_eyes refuses
        RAISE EXCEPTION 'identified meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_of_now';
    END IF;
    IF NEW.stage = 'Approval' AND (NEW.step = 'approve' AND EXISTS (SELECT FROM decisions WHERE application = NEW.application AND step = 'reject' AND stage = 'Approval')
        OR NEW.step = 'reject' AND approved_by(NEW.application) IS NOT NULL)
    THEN
        RAISE EXCEPTION 'decided before' USING ERRCODE = 'check_violation', CONSTRAINT = 'one_verdict_at_approval';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER approved_by_another BEFORE INSERT ON decisions FOR EACH ROW
    WHEN (NEW.step IN ('approve', 'reject', 'adjudicate', 'identify')) EXECUTE FUNCTION approved_by_another();

-- The paper by which an application's person may be registered; null: no officer granted that, or
-- not since it was said last whose it is.
CREATE OR REPLACE FUNCTION registration_paper(of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(d.paper, ''), (
        SELECT i.paper FROM identifications i WHERE i.application = of_application AND i.person = '' AND i.paper <> '' ORDER BY i.round DESC LIMIT 1))
    FROM decisions d WHERE d.application = of_application AND d.step = 'approve' AND d.round = approval_round(of_application)
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
