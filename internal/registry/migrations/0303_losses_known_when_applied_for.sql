-- +goose Up

-- Names of which the words are the same in another order may be one too.
CREATE OR REPLACE FUNCTION names_meet(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT split_part(a, ' ', 1) = split_part(b, ' ', 1) OR split_part(a, ' ', -1) = split_part(b, ' ', -1)
        OR abs(length(a) - length(b)) <= 1
            AND (left(a, (length(a) - 1) / 2) = left(b, (length(a) - 1) / 2) OR right(a, (length(a) - 1) / 2) = right(b, (length(a) - 1) / 2))
        OR length(a) = length(b) AND ARRAY(SELECT w FROM unnest(string_to_array(a, ' ')) w ORDER BY w) = ARRAY(SELECT w FROM unnest(string_to_array(b, ' ')) w ORDER BY w)
$$;

-- Whoever applies for another card because one was lost reports it lost, by the enrollment's
-- own act: it is dead from then on, and not only once the other is granted.
-- +goose StatementBegin
CREATE FUNCTION know_loss_applied_for() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('citizen ' || encode(NEW.citizen, 'hex'), 0));
    WITH lost AS (
        UPDATE cards c SET state = 'reported-lost', reason = 'application ' || NEW.number, changed_by = NEW.officer, changed_act = NEW.enrolled_act, changed_at = now()
        WHERE c.citizen = NEW.citizen AND c.state = 'live'
        RETURNING c.application, c.attempt, c.reason
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is reported-lost', reason FROM lost WHERE application IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_loss_applied_for AFTER INSERT ON applications FOR EACH ROW
    WHEN (NEW.ground = 'lost' AND NEW.citizen IS NOT NULL AND NEW.enrolled_act IS NOT NULL) EXECUTE FUNCTION know_loss_applied_for();
