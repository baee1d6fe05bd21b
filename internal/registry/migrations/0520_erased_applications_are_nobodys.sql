-- +goose Up

-- What was erased is nobody's: by the digest of a number, which the built-in register has beside
-- its record, an application or a card without its evidence would name its person still.
ALTER TABLE cards ALTER COLUMN citizen DROP NOT NULL;
ALTER TABLE cards ADD CONSTRAINT card_is_somebodys CHECK (citizen IS NOT NULL OR erased_at IS NOT NULL) NOT VALID;

-- A number is final, but for one that an officer said was another's (0372), until it is erased.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.erased_at IS NOT NULL AND NEW.citizen IS NULL AND NEW.sealed_number IS NOT DISTINCT FROM OLD.sealed_number THEN
        RETURN NEW;
    END IF;
    IF OLD.stage <> 'Validation' OR NEW.citizen IS NULL OR OLD.sealed_number IS NULL OR NEW.sealed_number IS NULL
        OR (SELECT count(DISTINCT person) FROM identifications WHERE application = NEW.number AND person <> '') < 2 THEN
        RAISE EXCEPTION 'a personal number is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_final';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- The built-in register is the State's, and shows what its records were before: for that long.
-- Then a change keeps who made it, when, why and on which paper, and of its record the province
-- alone, by which it is seen whether its officer was competent.
ALTER TABLE retention DROP CONSTRAINT retention_stage;
ALTER TABLE retention ADD CONSTRAINT retention_stage CHECK (stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired', 'Changed'));
INSERT INTO retention (stage, days, why) VALUES
    ('Changed', 25550, 'seventy years: what a record of the built-in population register was before and after a change; to be set by the archive schedule of the Ministry');
ALTER TABLE person_changes ADD COLUMN erased_at timestamptz; -- null: it has what was before and after
CREATE INDEX person_changes_to_erase ON person_changes (at) WHERE erased_at IS NULL AND after IS NOT NULL;

CREATE FUNCTION province_alone(record jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN record #>> '{Residence,Province}' IS NULL THEN CASE WHEN record IS NOT NULL THEN '{}'::jsonb END
        ELSE jsonb_build_object('Residence', jsonb_build_object('Province', record #> '{Residence,Province}')) END
$$;

-- +goose StatementBegin
CREATE FUNCTION keep_person_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL OR NEW.erased_at IS DISTINCT FROM now()
        OR NEW.at >= now() - make_interval(days => (SELECT days FROM retention WHERE stage = 'Changed'))
        OR (NEW.before, NEW.after) IS DISTINCT FROM (province_alone(OLD.before), province_alone(OLD.after))
        OR to_jsonb(NEW) - ARRAY['before', 'after', 'erased_at', 'citizen'] <> to_jsonb(OLD) - ARRAY['before', 'after', 'erased_at', 'citizen'] THEN
        RAISE EXCEPTION 'the ledger is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_final';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER keep_person_changes ON person_changes;
CREATE TRIGGER keep_person_changes BEFORE DELETE OR TRUNCATE ON person_changes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();
CREATE TRIGGER keep_person_change BEFORE UPDATE ON person_changes FOR EACH ROW EXECUTE FUNCTION keep_person_change();

-- Makes an application and its cards nobody's, and forgets what another register said of somebody
-- who has no card here any more; it is asked anew before each card.
-- +goose StatementBegin
CREATE FUNCTION erase_whose(whose text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    numbers bytea[] := ARRAY(SELECT citizen FROM applications WHERE number = whose AND citizen IS NOT NULL UNION SELECT citizen FROM cards WHERE application = whose AND citizen IS NOT NULL);
BEGIN
    UPDATE applications SET citizen = NULL WHERE number = whose AND citizen IS NOT NULL;
    UPDATE cards SET citizen = NULL, holder = '', holder_version = '' WHERE application = whose;
    DELETE FROM holders h WHERE h.citizen = ANY(numbers) AND NOT EXISTS (SELECT FROM cards c WHERE c.citizen = h.citizen);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Erases what is over of at most so many applications and changes of the built-in register, and
-- gives of how many: of an application its evidence, with the key under which everything else
-- about the person is sealed, and whose it was. The trail says that it was. The columns that
-- programs write say only where to look.
CREATE OR REPLACE FUNCTION erase_due(most integer) RETURNS integer LANGUAGE plpgsql AS $$
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

-- What was erased before this.
SELECT erase_whose(number) FROM applications WHERE erased_at IS NOT NULL;
