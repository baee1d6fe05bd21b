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
