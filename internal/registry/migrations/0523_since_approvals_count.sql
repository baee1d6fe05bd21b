-- +goose Up

-- Since when an approval counts for what its officer saw (0480): what was approved before, 0480
-- counted as it had worked.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION approvals_count_since() RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
        format('SELECT %L::timestamptz', (SELECT coalesce(max(tstamp)::timestamptz, now()) FROM goose_db_version WHERE version_id = 480)));
END $$;
-- +goose StatementEnd
