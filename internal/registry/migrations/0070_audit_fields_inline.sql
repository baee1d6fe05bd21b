-- +goose Up

-- A field as it is hashed, the same text as before. A function declared more stable than
-- what it calls is not put in place of its call: PostgreSQL planned and ran this one as a
-- query of its own, six times for each entry.
CREATE OR REPLACE FUNCTION audit_field(t text) RETURNS text LANGUAGE sql STABLE STRICT AS
    $$ SELECT octet_length(convert_to(t, 'UTF8'))::text || ':' || t || ',' $$;
