-- The roles of the registry's database. None of them can log in by itself:
--
-- cancuoc_owner     owns the schema and everything in it; of `starter migrate`, alone
-- cancuoc_programs  does what worker, gateway and starter have to do, and no more
-- cancuoc_readers   sees the books, and nothing that is personal; for auditors and dashboards
--
-- What the last two may do stands in internal/registry/rights.sql. Run by a superuser,
-- as often as one likes: what exists is left as it is.
DO $$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['cancuoc_owner', 'cancuoc_programs', 'cancuoc_readers'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = made) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', made);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- somebody else was faster
        END;
    END LOOP;
END $$;
