-- +goose Up

-- A loss that an officer reported stays, whatever becomes of an application, also where the words of the
-- report are those that are kept of an application's claim.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION give_back_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH back AS (
        UPDATE cards c SET state = 'live', reason = NEW.reason, changed_by = NEW.officer, changed_act = NEW.request, changed_at = now()
        FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND c.citizen = ANY(numbers_of(a.citizen))
            AND c.state = 'reported-lost' AND c.reason = 'application ' || a.number
            AND NOT EXISTS (SELECT FROM acts x WHERE x.id = c.changed_act AND x.officer = c.changed_by AND x.act = 'report-lost')
        RETURNING c.application, c.attempt
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is live', NEW.reason FROM back WHERE application IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
