-- +goose Up

-- Somebody whom the population register did not have enters it by an officer's act: whoever
-- approved the application saw the paper that proves the person, or whoever said before that
-- the applicant is none of those who were found.
ALTER TABLE decisions
    ADD COLUMN paper text NOT NULL DEFAULT '',
    ADD CONSTRAINT decision_paper CHECK (paper = '' OR step = 'approve');

-- The paper by which an application's person may be registered; null: no officer granted that.
CREATE FUNCTION registration_paper(of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(d.paper, ''), (
        SELECT i.paper FROM identifications i WHERE i.application = of_application AND i.person = '' AND i.paper <> '' ORDER BY i.round DESC LIMIT 1))
    FROM decisions d WHERE d.application = of_application AND d.step = 'approve'
$$;

-- An application that is another office's is asked about there.
-- +goose StatementBegin
CREATE FUNCTION registered_by_an_officer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_stage text := (SELECT stage FROM applications WHERE number = NEW.registered_for FOR NO KEY UPDATE);
BEGIN
    IF at_stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired') OR at_stage IS NOT NULL AND registration_paper(NEW.registered_for) IS NULL THEN
        RAISE EXCEPTION 'no officer has granted that' USING ERRCODE = 'check_violation', CONSTRAINT = 'registered_by_an_officer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER registered_by_an_officer BEFORE INSERT ON citizens FOR EACH ROW WHEN (NEW.registered_for IS NOT NULL) EXECUTE FUNCTION registered_by_an_officer();

-- One that has ended is noted as a person's whatever else is open: whoever was found to be
-- somebody of the register applied for a second life.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION one_open_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text := (SELECT person FROM person_numbers WHERE citizen = NEW.citizen);
BEGIN
    IF who IS NULL OR NEW.stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired') THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('applies ' || who, 0));
    IF EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = who AND n.citizen <> NEW.citizen AND a.number <> NEW.number AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired'))
    THEN
        RAISE EXCEPTION 'another application is open' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_open_application_per_citizen';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
