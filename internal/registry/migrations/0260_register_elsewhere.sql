-- +goose Up

-- The built-in population register may serve other offices, and the office's own may be
-- elsewhere: then persons stand in no table here, and their changes are noted without what
-- they were before and after, which that register has.
ALTER TABLE citizens DROP CONSTRAINT citizens_registered_for_fkey; -- an application may be another office's
ALTER TABLE person_changes
    DROP CONSTRAINT person_changes_person_fkey,
    ALTER COLUMN after DROP NOT NULL,
    ADD COLUMN citizen text GENERATED ALWAYS AS (CASE WHEN after IS NOT NULL THEN person END) STORED REFERENCES citizens (id),
    ADD CONSTRAINT person_change_elsewhere CHECK (after IS NOT NULL OR before IS NULL);

-- end_cards for the holder of cards under a number that stands in no table here.
-- +goose StatementBegin
CREATE FUNCTION end_cards_of(whose bytea, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('citizen ' || encode(whose, 'hex'), 0));
    WITH ended AS (
        UPDATE cards SET state = becomes, reason = why, changed_by = officer, changed_act = by_act, changed_at = now()
        WHERE citizen = whose AND state IN ('live', 'reported-lost', 'damaged', 'kept')
        RETURNING application, attempt
    ), noted AS (
        INSERT INTO audit (application, actor, event, reason)
        SELECT application, officer, 'card ' || attempt || ' is ' || becomes, why FROM ended WHERE application IS NOT NULL
    )
    SELECT count(*) INTO n FROM ended;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION end_cards(person text, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE sql AS $$
    SELECT end_cards_of(c.citizen, becomes, why, officer, by_act) FROM citizens c WHERE c.number = end_cards.person
$$;
-- +goose StatementEnd
