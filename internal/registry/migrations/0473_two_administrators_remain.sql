-- +goose Up

-- Two administrators register everybody, also each other's successors: so one of them, or whoever
-- has one's key, does not end what the others may do. Two with a key remain.
CREATE FUNCTION administrates(badge text, roles text[], valid_from timestamptz, valid_to timestamptz, revoked_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT 'administrator' = ANY(roles) AND revoked_at IS NULL AND now() >= valid_from AND (valid_to IS NULL OR now() < valid_to)
        AND EXISTS (SELECT FROM credentials c WHERE c.officer = badge AND c.revoked_at IS NULL)
$$;

-- +goose StatementBegin
CREATE FUNCTION two_administrators() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'officers' THEN
        IF NOT administrates(OLD.badge, OLD.roles, OLD.valid_from, OLD.valid_to, OLD.revoked_at)
            OR administrates(NEW.badge, NEW.roles, NEW.valid_from, NEW.valid_to, NEW.revoked_at) THEN
            RETURN NULL;
        END IF;
    ELSIF NOT EXISTS (SELECT FROM officers o WHERE o.badge = NEW.officer AND 'administrator' = ANY(o.roles) AND o.revoked_at IS NULL
        AND NOT administrates(o.badge, o.roles, o.valid_from, o.valid_to, o.revoked_at)) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0)); -- who ends another at this moment takes turns
    IF (SELECT count(*) FROM officers o WHERE administrates(o.badge, o.roles, o.valid_from, o.valid_to, o.revoked_at)) < 2 THEN
        RAISE EXCEPTION 'two administrators remain' USING ERRCODE = 'check_violation', CONSTRAINT = 'two_administrators_remain';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER two_administrators AFTER UPDATE OF roles, valid_from, valid_to, revoked_at ON officers FOR EACH ROW EXECUTE FUNCTION two_administrators();
CREATE TRIGGER two_administrators AFTER UPDATE OF revoked_at ON credentials FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION two_administrators();
