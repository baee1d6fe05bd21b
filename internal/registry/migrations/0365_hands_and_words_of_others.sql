-- +goose Up

-- Without the holder's finger a card is handed over by an officer of the counter's own province,
-- who neither enrolled nor captured it, nor granted it. The post hands over what it carries.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION hand_over_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.handed_over_by) OR captured_by(NEW.application, NEW.handed_over_by)
        OR NEW.approved_by = NEW.handed_over_by THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_at_hand_over';
    END IF;
    IF NEW.handed_over <> 'post' AND EXISTS (
        SELECT FROM applications a JOIN stations s ON s.id = a.destination JOIN officers o ON o.badge = NEW.handed_over_by
        WHERE a.number = NEW.application AND o.unit <> s.province) THEN
        RAISE EXCEPTION 'at another counter' USING ERRCODE = 'check_violation', CONSTRAINT = 'hand_over_at_own_counter';
    END IF;
    RETURN NEW;
END $$;

-- An issued card's chip and PIN are seen to, and a lost card is found, at the counter to which its
-- holder comes, wherever that is, but not by who is at a counter of no province, as the post's
-- people are: at the center those who resolve, approve or keep the keys do.
CREATE FUNCTION card_at_a_counter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who officers%ROWTYPE;
BEGIN
    SELECT * INTO who FROM officers WHERE badge = NEW.officer;
    IF who.unit = 'center' AND NOT who.roles && ARRAY['resolving', 'keys', 'approving'] THEN
        RAISE EXCEPTION 'act refused' USING ERRCODE = 'check_violation', CONSTRAINT = 'act_by_role';
    END IF;
    RETURN NEW;
END $$;

-- Whoever enrolled somebody does not make the population register agree with it, for as long as
-- the application is open.
CREATE FUNCTION record_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = substr(NEW.subject, length('person/') + 1) AND a.officer = NEW.officer AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired')) THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_the_record';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER card_at_a_counter BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.act IN ('manage-card', 'report-found')) EXECUTE FUNCTION card_at_a_counter();
CREATE TRIGGER record_by_another BEFORE INSERT ON acts FOR EACH ROW
    WHEN (NEW.act IN ('correct-person', 'renumber-person', 'merge-persons', 'mark-person')) EXECUTE FUNCTION record_by_another();
