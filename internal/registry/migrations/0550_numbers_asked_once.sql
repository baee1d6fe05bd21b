-- +goose Up

-- A function in SQL is planned at each call, one in PL/pgSQL once in a session. These are asked
-- for each stage and each card; and the numbers of a person are asked once for all cards that are
-- looked at, not for each of them.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION numbers_of(whose bytea) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_append(ARRAY(SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = whose), whose);
END $$;

CREATE OR REPLACE FUNCTION kept_since(whose bytea) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    numbers CONSTANT bytea[] := numbers_of(whose);
BEGIN
    RETURN (SELECT max(k.at) FROM cards c JOIN card_life k ON k.card = c.id AND k.became = 'kept'
        WHERE c.citizen = ANY(numbers)
            AND NOT EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.at > k.at AND (l.became = 'live'
                OR EXISTS (SELECT FROM acts a WHERE a.id = l.act AND a.act = 'return-card')))
            AND NOT EXISTS (SELECT FROM cards n WHERE n.citizen = ANY(numbers) AND n.handed_over_at > k.at)); -- an officer has released that one
END $$;

CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    numbers   CONSTANT bytea[] := numbers_of(of_citizen);
    released  timestamptz := coalesce((SELECT max(at) FROM decisions WHERE application = of_application AND step = 'release'), '-infinity');
    validated timestamptz := (SELECT max(at) FROM audit WHERE application = of_application AND event = 'entered Validation');
BEGIN
    IF EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
        OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN
        RETURN 'card_of_the_living';
    END IF;
    IF kept_since(of_citizen) > released
        OR EXISTS (SELECT FROM cards c WHERE c.citizen = ANY(numbers) AND c.changed_at > validated AND c.changed_at > released AND (
            c.state = 'withdrawn'
            OR c.state = 'destroyed' AND EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.became = 'withdrawn' AND l.at > validated AND l.at > released)
            OR c.state = 'revoked' AND c.reason = 'number-replaced' AND NOT EXISTS (SELECT FROM applications a WHERE a.number = of_application AND a.ground = 'number-changed'))) THEN
        RETURN 'card_withdrawn_meanwhile';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION approval_round(of_application text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN 1 + (SELECT count(*)::integer FROM decisions d WHERE d.application = of_application AND d.step = 'identify');
END $$;

CREATE OR REPLACE FUNCTION approved_by(of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_round CONSTANT integer := approval_round(of_application);
BEGIN
    RETURN (SELECT d.officer FROM decisions d WHERE d.application = of_application AND d.step = 'approve' AND d.round = now_round);
END $$;

CREATE OR REPLACE FUNCTION signed_now(doing text[], about text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM acts a WHERE a.subject = about AND a.act = ANY(doing) AND a.txid = pg_current_xact_id()::text::bigint);
END $$;
-- +goose StatementEnd
