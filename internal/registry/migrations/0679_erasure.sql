-- +goose Up
-- +goose StatementBegin

-- How long what citizens brought is kept after their application has ended; after an issue,
-- from the day on which the card ended: was revoked, withdrawn or destroyed, or lapsed. The
-- built-in register is the State's, and shows what its records were before: for as long as
-- 'Changed' says. The owner of the schema alone sets it, so that no program erases what is to be
-- kept.
CREATE TABLE retention (
    stage text PRIMARY KEY CONSTRAINT retention_stage CHECK (stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired', 'Changed')),
    days  integer NOT NULL CONSTRAINT retention_days CHECK (days >= 1),
    why   text NOT NULL
);

INSERT INTO retention (stage, days, why) VALUES
    ('Issued',    7300,  'twenty years, as long as a card may be valid; to be set by the archive schedule of the Ministry'),
    ('Rejected',  1825,  'five years, within which complaints and suits are brought; to be set by the archive schedule of the Ministry'),
    ('Withdrawn', 365,   'a year; to be set by the archive schedule of the Ministry'),
    ('Expired',   365,   'a year; to be set by the archive schedule of the Ministry'),
    ('Changed',   25550, 'seventy years: what a record of the built-in population register was before and after a change; to be set by the archive schedule of the Ministry');

-- Since when something is over, and its time of keeping runs: by the trail, and the history of cards,
-- which nobody adds to at another time than now.
CREATE FUNCTION ended_since(whose text, at_stage text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(e.at) FROM audit e WHERE e.application = whose AND e.event = 'entered ' || at_stage
$$;

-- So of a card; of one that has no history, by the trail's last word.
CREATE FUNCTION card_ended_since(which bigint, whose text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT max(l.at) FROM card_life l WHERE l.card = which), (SELECT max(e.at) FROM audit e WHERE e.application = whose))
$$;

-- Makes an application and its cards nobody's, and forgets what another register said of somebody
-- who has no card here any more; it is asked anew before each card.
CREATE FUNCTION erase_whose(whose text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    numbers bytea[] := ARRAY(SELECT citizen FROM applications WHERE number = whose AND citizen IS NOT NULL UNION SELECT citizen FROM cards WHERE application = whose AND citizen IS NOT NULL);
BEGIN
    UPDATE applications SET citizen = NULL WHERE number = whose AND citizen IS NOT NULL;
    UPDATE cards SET citizen = NULL, holder = '', holder_version = '' WHERE application = whose;
    DELETE FROM holders h WHERE h.citizen = ANY(numbers) AND NOT EXISTS (SELECT FROM cards c WHERE c.citizen = h.citizen);
END $$;

-- Erases what is over of at most so many applications and changes of the built-in register, and
-- gives of how many: of an application its evidence, with the key under which everything else
-- about the person is sealed, and whose it was. The trail says that it was. The columns that
-- programs write say only where to look.
CREATE FUNCTION erase_due(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    whose   text;
    n       integer := 0;
    changes integer;
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
        PERFORM erase_whose(whose);
        DELETE FROM vault_blobs WHERE application = whose;
        DELETE FROM vault_keys WHERE application = whose;
        INSERT INTO audit (application, actor, event, reason) VALUES (whose, 'system', 'erased what says something about the person', '');
        n := n + 1;
    END LOOP;
    UPDATE person_changes SET before = province_alone(before), after = province_alone(after), erased_at = now()
        WHERE seq IN (SELECT c.seq FROM person_changes c
            WHERE c.erased_at IS NULL AND c.after IS NOT NULL AND c.at < now() - make_interval(days => (SELECT days FROM retention WHERE stage = 'Changed'))
            ORDER BY c.at LIMIT most - n FOR NO KEY UPDATE SKIP LOCKED);
    GET DIAGNOSTICS changes = ROW_COUNT;
    RETURN n + changes;
END $$;

-- +goose StatementEnd
