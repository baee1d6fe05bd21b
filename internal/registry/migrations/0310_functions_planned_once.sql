-- +goose Up

-- A function in SQL is planned at each call, one in PL/pgSQL once in a session, and of its
-- branches those that are taken. These two are asked for each act and each card.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION act_provinces(doing text, subject text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    kind  text := substring(subject FROM '^[a-z]+/');
    which text := substr(subject, length(kind) + 1);
    list  text[];
BEGIN
    CASE
        WHEN kind = 'card/' THEN
            list := card_provinces(doing, which);
        WHEN kind = 'person/' THEN
            list := person_provinces(which);
        WHEN kind = 'application/' THEN
            SELECT ARRAY[a.province, CASE WHEN doing IN ('hand-over', 'collect-fee', 'withdraw', 'destroy-card', 'find-card') THEN s.province END] INTO list
            FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = which;
        WHEN kind = 'consignment/' AND doing IN ('receive', 'recount', 'settle-surplus') THEN
            SELECT ARRAY[s.province] INTO list FROM consignments c JOIN stations s ON s.id = c.destination WHERE c.number = which;
        WHEN kind = 'consignment/' AND doing = 'send' THEN
            SELECT ARRAY[s.province] INTO list FROM consignments c JOIN stations s ON s.id = c.origin WHERE c.number = which;
        WHEN kind = 'station/' AND doing = 'enroll' THEN
            SELECT ARRAY[s.province] INTO list FROM stations s WHERE s.id = which;
        ELSE
            list := NULL;
    END CASE;
    RETURN array_remove(list, NULL);
END $$;

CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
        OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN
        RETURN 'card_of_the_living';
    END IF;
    IF EXISTS (SELECT FROM cards WHERE citizen = of_citizen AND state IN ('withdrawn', 'kept') AND changed_at >
        (SELECT max(at) FROM decisions WHERE application = of_application AND step IN ('approve', 'release'))) THEN
        RETURN 'card_withdrawn_meanwhile';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
