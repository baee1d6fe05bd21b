-- +goose Up

-- A decision that was refused, since another came first or it was not asked for then, is not done
-- later by whoever sends its statement again: its officer was told that it was refused, and signs
-- anew. Kept until the statement could not be taken in any more.
CREATE TABLE refused_statements (
    digest bytea PRIMARY KEY, -- SHA-256
    until  timestamptz NOT NULL
);
CREATE INDEX refused_statements_by_end ON refused_statements (until);

-- +goose StatementBegin
CREATE FUNCTION refused_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM refused_statements WHERE digest = sha256(NEW.statement)) THEN
        RAISE EXCEPTION 'refused before' USING ERRCODE = 'check_violation', CONSTRAINT = 'refused_before';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER refused_before BEFORE INSERT ON acts FOR EACH ROW EXECUTE FUNCTION refused_before();
