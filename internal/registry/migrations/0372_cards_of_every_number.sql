-- +goose Up

-- What is asked of a person's cards is asked under every number that the person has or had.
CREATE FUNCTION numbers_of(whose bytea) RETURNS bytea[] LANGUAGE sql STABLE AS $$
    SELECT array_append(ARRAY(SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = whose), whose)
$$;

-- Since when an authority keeps a card: it does until it gives the card back, whatever is said
-- of the card meanwhile. Null: none does.
CREATE FUNCTION kept_since(whose bytea) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(k.at) FROM cards c JOIN card_life k ON k.card = c.id AND k.became = 'kept'
    WHERE c.citizen = ANY(numbers_of(whose))
        AND NOT EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.at > k.at AND (l.became = 'live'
            OR EXISTS (SELECT FROM acts a WHERE a.id = l.act AND a.act = 'return-card')))
        AND NOT EXISTS (SELECT FROM cards n WHERE n.citizen = ANY(numbers_of(whose)) AND n.handed_over_at > k.at) -- an officer has released that one
$$;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    released timestamptz;
BEGIN
    IF EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
        OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN
        RETURN 'card_of_the_living';
    END IF;
    SELECT coalesce(max(at), '-infinity') INTO released FROM decisions WHERE application = of_application AND step = 'release';
    IF kept_since(of_citizen) > released OR EXISTS (
        SELECT FROM cards WHERE citizen = ANY(numbers_of(of_citizen)) AND state = 'withdrawn' AND changed_at > released
            AND changed_at > (SELECT max(at) FROM audit WHERE application = of_application AND event = 'entered Validation')) THEN
        RETURN 'card_withdrawn_meanwhile';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION know_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH lost AS (
        UPDATE cards c SET state = 'reported-lost', reason = 'application ' || a.number, changed_by = NEW.officer, changed_act = NEW.request, changed_at = now()
        FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND c.citizen = ANY(numbers_of(a.citizen)) AND c.state = 'live'
        RETURNING c.application, c.attempt, c.reason
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is reported-lost', reason FROM lost WHERE application IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION know_loss_applied_for() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    numbers bytea[] := numbers_of(NEW.citizen);
BEGIN
    PERFORM pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended('citizen ' || encode(n, 'hex'), 0) AS k FROM unnest(numbers) n ORDER BY 1) keys;
    WITH lost AS (
        UPDATE cards c SET state = 'reported-lost', reason = 'application ' || NEW.number, changed_by = NEW.officer, changed_act = NEW.enrolled_act, changed_at = now()
        WHERE c.citizen = ANY(numbers) AND c.state = 'live'
        RETURNING c.application, c.attempt, c.reason
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is reported-lost', reason FROM lost WHERE application IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Whom an application was said to be of may be said again, as long as it is validated.
DROP TRIGGER one_open_application ON applications;
CREATE TRIGGER one_open_application BEFORE UPDATE OF citizen ON applications FOR EACH ROW
    WHEN (OLD.citizen IS DISTINCT FROM NEW.citizen AND NEW.citizen IS NOT NULL) EXECUTE FUNCTION one_open_application();

-- A personal number, once an application has it, is final; but where officers took the applicant
-- for one person and then for another, it is that of the last.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stage <> 'Validation' OR NEW.citizen IS NULL OR OLD.sealed_number IS NULL OR NEW.sealed_number IS NULL
        OR (SELECT count(DISTINCT person) FROM identifications WHERE application = NEW.number AND person <> '') < 2 THEN
        RAISE EXCEPTION 'a personal number is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_final';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
