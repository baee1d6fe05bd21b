-- +goose Up

-- How long what citizens brought is kept after their application has ended; after an issue,
-- from the day on which the card ended: was revoked, withdrawn or destroyed, or lapsed. The
-- owner of the schema alone sets it, so that no program erases what is to be kept.
CREATE TABLE retention (
    stage text PRIMARY KEY CONSTRAINT retention_stage CHECK (stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired')),
    days  integer NOT NULL CONSTRAINT retention_days CHECK (days >= 1),
    why   text NOT NULL
);
INSERT INTO retention (stage, days, why) VALUES
    ('Issued',    7300, 'twenty years, as long as a card may be valid; to be set by the archive schedule of the Ministry'),
    ('Rejected',  1825, 'five years, within which complaints and suits are brought; to be set by the archive schedule of the Ministry'),
    ('Withdrawn', 365, 'a year; to be set by the archive schedule of the Ministry'),
    ('Expired',   365, 'a year; to be set by the archive schedule of the Ministry');

ALTER TABLE applications ADD COLUMN erased_at timestamptz; -- null: its key is there
ALTER TABLE cards ADD COLUMN erased_at timestamptz;
CREATE INDEX applications_to_erase ON applications (stage, entered_at) WHERE erased_at IS NULL AND stage IN ('Rejected', 'Withdrawn', 'Expired');
CREATE INDEX cards_to_erase ON cards (changed_at) WHERE erased_at IS NULL AND handed_over_at IS NOT NULL AND state IN ('revoked', 'withdrawn', 'lapsed', 'destroyed');

-- Evidence is deleted to be captured again, or with all that its application's key opens;
-- and chip images with private keys, of engines before 0100, as they were.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = OLD.application AND erased_at IS NOT NULL) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind = 'chip-image' AND EXISTS (SELECT FROM cards WHERE application = OLD.application AND attempt = OLD.attempt
        AND state NOT IN ('prepared', 'begun', 'personalized', 'printed')) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind = 'chip-image' AND EXISTS (SELECT FROM cards WHERE application = OLD.application AND attempt = OLD.attempt
        AND state NOT IN ('prepared', 'begun', 'personalized', 'printed')) THEN
        RETURN OLD;
    END IF;
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;

-- Erases the evidence of at most so many applications whose time is over, with the key under
-- which everything else about the person is sealed, and gives how many. The trail says that
-- it was.
CREATE FUNCTION erase_due(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    whose text;
    n     integer := 0;
BEGIN
    FOR whose IN
        (SELECT a.number FROM retention r JOIN applications a ON a.stage = r.stage
            WHERE a.erased_at IS NULL AND a.stage IN ('Rejected', 'Withdrawn', 'Expired') AND a.entered_at < now() - make_interval(days => r.days)
            ORDER BY a.entered_at LIMIT most)
        UNION ALL
        (SELECT c.application FROM cards c JOIN retention r ON r.stage = 'Issued'
            WHERE c.erased_at IS NULL AND c.handed_over_at IS NOT NULL AND c.state IN ('revoked', 'withdrawn', 'lapsed', 'destroyed') AND c.application IS NOT NULL
                AND c.changed_at < now() - make_interval(days => r.days)
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
