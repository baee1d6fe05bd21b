-- +goose Up

-- A fee is taken when an application is filed, or by the time at which its card is handed
-- over: no card is anybody's before its fee is paid. Whoever is exempt has no fee.
-- +goose StatementBegin
CREATE FUNCTION demand_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.fee > 0 AND NOT EXISTS (SELECT FROM payments p WHERE p.application = a.number)) THEN
        RAISE EXCEPTION 'the fee is not paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_is_paid';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER demand_fee BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'arrived' AND NEW.state = 'live') EXECUTE FUNCTION demand_fee();

-- It is paid where the application was filed, or where its card is handed over.
CREATE OR REPLACE FUNCTION act_provinces(doing text, subject text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(CASE
        WHEN subject LIKE 'card/%' THEN card_provinces(doing, substr(subject, length('card/') + 1))
        WHEN subject LIKE 'person/%' THEN person_provinces(substr(subject, length('person/') + 1))
        WHEN subject LIKE 'application/%' THEN (
            SELECT ARRAY[a.province, CASE WHEN doing IN ('hand-over', 'collect-fee', 'withdraw', 'destroy-card', 'find-card') THEN s.province END]
            FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = substr(subject, length('application/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing IN ('receive', 'recount', 'settle-surplus') THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.destination WHERE c.number = substr(subject, length('consignment/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing = 'send' THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.origin WHERE c.number = substr(subject, length('consignment/') + 1))
        WHEN subject LIKE 'station/%' AND doing = 'enroll' THEN (
            SELECT ARRAY[s.province] FROM stations s WHERE s.id = substr(subject, length('station/') + 1))
        END, NULL)
$$;
