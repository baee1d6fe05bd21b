-- +goose Up

-- Up to which migration the schema, and the rights of the roles in it, are complete: what
-- programs ask before they work. One row, written by registry.Migrate.
CREATE TABLE schema_version (
    one     boolean PRIMARY KEY DEFAULT true CONSTRAINT one_schema_version CHECK (one),
    version bigint NOT NULL
);

-- Evidence is deleted only to be captured again: what citizens brought for a round that
-- the workflow has not accepted yet.
-- +goose StatementBegin
CREATE FUNCTION keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kind NOT IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates')
        OR NOT EXISTS (SELECT FROM applications WHERE number = OLD.application AND capture_round < OLD.attempt) THEN
        RAISE EXCEPTION 'evidence is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_final';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_evidence BEFORE DELETE ON vault_blobs FOR EACH ROW EXECUTE FUNCTION keep_evidence();
