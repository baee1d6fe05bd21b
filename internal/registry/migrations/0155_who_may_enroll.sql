-- +goose Up

-- Who may enroll is asked in two places: where an application is stored, and where one
-- that is refused anyway is looked at, so that its officer is told in the same round.
-- +goose StatementBegin
CREATE FUNCTION may_enroll(who text, in_province text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM officers o WHERE o.badge = who AND 'enrolling' = ANY(o.roles) AND o.unit IN ('center', in_province)
        AND o.revoked_at IS NULL AND now() >= o.valid_from AND (o.valid_to IS NULL OR now() < o.valid_to))
$$;
CREATE OR REPLACE FUNCTION know_enroller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT may_enroll(NEW.officer, NEW.province) THEN
        RAISE EXCEPTION 'enroller' USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolled_by_officer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
