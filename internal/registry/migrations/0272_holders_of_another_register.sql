-- +goose Up

-- What another population register than the one here says of who holds a card or waits for
-- one, where it says that the person can have none: by the digest of the number, since whoever
-- is in that register alone is not in citizens.
CREATE TABLE holders (
    citizen bytea PRIMARY KEY CONSTRAINT holder_digest CHECK (length(citizen) = 32),
    status  text NOT NULL CONSTRAINT holder_status CHECK (status IN ('alive', 'deceased', 'emigrated', 'nationality-lost')),
    at      timestamptz NOT NULL DEFAULT now()
);

-- Ends the card that a person holds, as end_cards does, who is named by the digest of the
-- number.
-- +goose StatementBegin
CREATE FUNCTION end_cards_of(whose bytea, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('citizen ' || encode(whose, 'hex'), 0));
    WITH ended AS (
        UPDATE cards SET state = becomes, reason = why, changed_by = officer, changed_act = by_act, changed_at = now()
        WHERE citizen = whose AND state IN ('live', 'reported-lost', 'damaged', 'kept')
        RETURNING application, attempt
    ), noted AS (
        INSERT INTO audit (application, actor, event, reason)
        SELECT application, officer, 'card ' || attempt || ' is ' || becomes, why FROM ended WHERE application IS NOT NULL
    )
    SELECT count(*) INTO n FROM ended;
    RETURN n;
END $$;

CREATE OR REPLACE FUNCTION end_cards(person text, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE sql AS $$
    SELECT end_cards_of((SELECT c.citizen FROM citizens c WHERE c.number = end_cards.person), becomes, why, officer, by_act)
$$;

-- Keeps what another register said of a person, and ends the card that the person holds
-- where becomes is not null. What is in the register here stands there alone.
CREATE FUNCTION learn_holder(whose bytea, learnt text, becomes text, why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM person_numbers WHERE citizen = whose) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('citizen ' || encode(whose, 'hex'), 0));
    INSERT INTO holders (citizen, status) VALUES (whose, learnt)
        ON CONFLICT (citizen) DO UPDATE SET status = EXCLUDED.status, at = now() WHERE holders.status <> EXCLUDED.status;
    IF becomes IS NOT NULL THEN
        PERFORM end_cards_of(whose, becomes, why, 'system', NULL);
    END IF;
END $$;
-- +goose StatementEnd

CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
            OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN 'card_of_the_living'
        WHEN EXISTS (SELECT FROM cards WHERE citizen = of_citizen AND state IN ('withdrawn', 'kept') AND changed_at >
            (SELECT max(at) FROM decisions WHERE application = of_application AND step IN ('approve', 'release'))) THEN 'card_withdrawn_meanwhile'
    END
$$;

INSERT INTO competences (act, role) VALUES ('lapse-card', 'approving'), ('lapse-card', 'resolving');
