-- +goose Up

-- Until when one administrator may have registered a station or a verifier: until this schema.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION one_registered_until() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS %L', format('SELECT %L::timestamptz', now()));
END $$;

-- Who gives a station a key, or a verifier a token, or takes them in again, is two administrators,
-- as for an officer: one stops, and gives nobody anything. Both signatures of an act are kept by one
-- statement. Acts of other names say both officers always; these two say one where they are older.
CREATE FUNCTION signed_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM acts WHERE id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'two sign that' USING ERRCODE = 'check_violation', CONSTRAINT = 'act_by_two';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER signed_by_two AFTER INSERT ON acts FOR EACH ROW
    WHEN (NEW.act IN ('register-station', 'register-verifier')) EXECUTE FUNCTION signed_by_two();
