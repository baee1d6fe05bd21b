-- Gives this database, its schema public and what is in it to cancuoc_owner, also what
-- another role owned before. Nobody else makes anything here, not even for a while: a
-- temporary table would be found before the true one. Run by a superuser, after
-- roles.sql, as often as one likes.
DO $$
DECLARE
    statement text;
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO cancuoc_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO cancuoc_programs, cancuoc_readers', current_database());
    ALTER SCHEMA public OWNER TO cancuoc_owner;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    FOR statement IN
        SELECT format('ALTER %s %s OWNER TO cancuoc_owner', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass)
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S') AND c.relowner <> 'cancuoc_owner'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')) -- a column's sequence goes with its table
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO cancuoc_owner', p.oid::regprocedure)
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.proowner <> 'cancuoc_owner'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
END $$;
