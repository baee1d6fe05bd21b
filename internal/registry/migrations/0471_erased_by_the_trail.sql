-- +goose Up

-- When an application came to its stage is the database's word: it follows the stage, and no
-- program chooses it.
-- +goose StatementBegin
CREATE FUNCTION enter_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.entered_at := CASE WHEN NEW.stage <> OLD.stage OR NEW.entered_at = now() THEN now() ELSE OLD.entered_at END;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER enter_now BEFORE UPDATE OF stage, entered_at ON applications FOR EACH ROW
    WHEN (NEW.stage <> OLD.stage OR NEW.entered_at <> OLD.entered_at) EXECUTE FUNCTION enter_now();

-- Since when something is over, and its time of keeping runs: by the trail, and the history of
-- cards, which nobody adds to at another time than now. Of cards that ended before there was a
-- history, the trail's last word.
CREATE FUNCTION ended_since(whose text, at_stage text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(e.at) FROM audit e WHERE e.application = whose AND e.event = 'entered ' || at_stage
$$;
CREATE FUNCTION card_ended_since(which bigint, whose text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT max(l.at) FROM card_life l WHERE l.card = which), (SELECT max(e.at) FROM audit e WHERE e.application = whose))
$$;

-- +goose StatementBegin
-- Erases the evidence of at most so many applications whose time is over, with the key under
-- which everything else about the person is sealed, and gives how many. The trail says that
-- it was. The columns that programs write say only where to look.
CREATE OR REPLACE FUNCTION erase_due(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    whose text;
    n     integer := 0;
BEGIN
    FOR whose IN
        (SELECT a.number FROM retention r JOIN applications a ON a.stage = r.stage
            WHERE a.erased_at IS NULL AND a.stage IN ('Rejected', 'Withdrawn', 'Expired') AND a.entered_at < now() - make_interval(days => r.days)
                AND ended_since(a.number, a.stage) < now() - make_interval(days => r.days)
            ORDER BY a.entered_at LIMIT most)
        UNION ALL
        (SELECT c.application FROM cards c JOIN retention r ON r.stage = 'Issued'
            WHERE c.erased_at IS NULL AND c.handed_over_at IS NOT NULL AND c.state IN ('revoked', 'withdrawn', 'lapsed', 'destroyed') AND c.application IS NOT NULL
                AND c.changed_at < now() - make_interval(days => r.days)
                AND card_ended_since(c.id, c.application) < now() - make_interval(days => r.days)
            ORDER BY c.changed_at LIMIT most)
    LOOP
        EXIT WHEN n >= most;
        -- Whoever came first has it; it is not waited for.
        PERFORM FROM applications WHERE number = whose AND erased_at IS NULL FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE applications SET erased_at = now() WHERE number = whose;
        UPDATE cards SET erased_at = now() WHERE application = whose;
        DELETE FROM vault_blobs WHERE application = whose;
        DELETE FROM vault_keys WHERE application = whose;
        INSERT INTO audit (application, actor, event, reason) VALUES (whose, 'system', 'erased what says something about the person', '');
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
-- +goose StatementEnd
