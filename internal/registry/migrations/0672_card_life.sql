-- +goose Up
-- +goose StatementBegin

-- The history of each card since it was issued; written by a trigger alone.
CREATE TABLE card_life (
    card    bigint NOT NULL REFERENCES cards (id),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    was     text NOT NULL,
    became  text NOT NULL,
    reason  text NOT NULL,
    by_whom text NOT NULL,
    act     text,
    txid    bigint DEFAULT pg_current_xact_id()::text::bigint -- in which it became that: that of the act or of the line behind it
);
CREATE INDEX card_life_by_card ON card_life (card, at);
-- What changed since the maker of status lists looked last.
CREATE INDEX card_life_by_time ON card_life (at);
CREATE TRIGGER keep_card_life BEFORE UPDATE OR DELETE OR TRUNCATE ON card_life FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- What became of a card by no officer's act: its holder said that it is lost, another register
-- what became of the holder, or the card came into the books as one of before this engine. A line
-- for each, in a chain of codes as lines for auditors have, since nobody signs it.
CREATE TABLE card_reports (
    at      timestamptz NOT NULL DEFAULT now(),
    card    bigint NOT NULL,
    became  text NOT NULL,
    by_whom text NOT NULL,
    reason  text NOT NULL,
    seq     bigint NOT NULL CONSTRAINT card_report_number UNIQUE,
    mac     bytea NOT NULL,
    txid    bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint
);
CREATE TRIGGER keep_card_reports BEFORE UPDATE OR DELETE OR TRUNCATE ON card_reports FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- What became of an issued card is in its history. A loss that its holder reports, and that an
-- application had claimed before, is a step too: it stands whatever the application comes to.
CREATE FUNCTION note_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO card_life (card, was, became, reason, by_whom, act)
        VALUES (NEW.id, OLD.state, NEW.state, NEW.reason, NEW.changed_by, NEW.changed_act);
    RETURN NULL;
END $$;
CREATE TRIGGER note_card AFTER UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND OLD.state IN ('live', 'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked'))
    EXECUTE FUNCTION note_card();
CREATE TRIGGER note_report AFTER UPDATE OF reason ON cards FOR EACH ROW
    WHEN (OLD.state = 'reported-lost' AND NEW.state = 'reported-lost' AND OLD.reason LIKE 'application %') EXECUTE FUNCTION note_card();

-- Since when an authority keeps a card: it does until it gives the card back, whatever is said of the
-- card meanwhile. Null: none does.
CREATE FUNCTION kept_since(whose bytea) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    numbers CONSTANT bytea[] := numbers_of(whose);
BEGIN
    RETURN (SELECT max(k.at) FROM cards c JOIN card_life k ON k.card = c.id AND k.became = 'kept'
        WHERE c.citizen = ANY(numbers)
            AND NOT EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.at > k.at AND (l.became = 'live'
                OR EXISTS (SELECT FROM acts a WHERE a.id = l.act AND a.act = 'return-card')))
            AND NOT EXISTS (SELECT FROM cards n WHERE n.citizen = ANY(numbers) AND n.handed_over_at > k.at)); -- an officer has released that one
END $$;

-- Why a card is neither begun nor made live now, as the name of a constraint; null: it may be. Whoever's
-- card is kept by an authority, or was withdrawn after the application was validated (or revoked by what
-- made two persons one), is given another when an officer has released it since: who approves is not
-- told. That the card was destroyed since changes nothing. Nobody can release it for who died.
CREATE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
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

-- Whoever is granted another card for one that was lost has the loss recorded, by the decision's own act.
CREATE FUNCTION report_loss(whose bytea, applied text, by_officer text, by_act text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(k) FROM (SELECT DISTINCT hashtextextended('citizen ' || encode(n, 'hex'), 0) AS k FROM unnest(numbers_of(whose)) n ORDER BY 1) keys;
    WITH lost AS (
        UPDATE cards c SET state = 'reported-lost', reason = 'application ' || applied, changed_by = by_officer, changed_act = by_act, changed_at = now()
        WHERE c.citizen = ANY(numbers_of(whose)) AND c.state = 'live'
        RETURNING c.application, c.attempt, c.reason
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, by_officer, 'card ' || attempt || ' is reported-lost', reason FROM lost WHERE application IS NOT NULL;
END $$;

-- A loss is known when another card is applied for by who knows name and birth of the card's holder,
-- and else when that is granted, once an officer has seen whose it is: no number that was mistyped ends
-- a stranger's card.
CREATE FUNCTION know_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report_loss(a.citizen, a.number, NEW.officer, NEW.request)
    FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND a.citizen IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER know_loss AFTER INSERT ON decisions FOR EACH ROW WHEN (NEW.step = 'approve' AND NEW.request <> '') EXECUTE FUNCTION know_loss();

-- Who applied by another's number, with forged papers or another's fingers, or for nobody's loss, has
-- reported none: the card is what it was, and its holder is told. A loss that an officer reported stays,
-- also where the words of the report are those that are kept of an application's claim.
CREATE FUNCTION give_back_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH back AS (
        UPDATE cards c SET state = 'live', reason = NEW.reason, changed_by = NEW.officer, changed_act = NEW.request, changed_at = now()
        FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND c.citizen = ANY(numbers_of(a.citizen))
            AND c.state = 'reported-lost' AND c.reason = 'application ' || a.number
            AND NOT EXISTS (SELECT FROM acts x WHERE x.id = c.changed_act AND x.officer = c.changed_by AND x.act = 'report-lost')
        RETURNING c.application, c.attempt
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is live', NEW.reason FROM back WHERE application IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER give_back_loss AFTER INSERT ON decisions FOR EACH ROW
    WHEN (NEW.request <> '' AND (NEW.step = 'reject' AND split_part(NEW.reason, ':', 1) IN ('impersonation', 'data-not-proven', 'papers-forged')
        OR NEW.step = 'adjudicate' AND NEW.verdict = 'same person'
        OR NEW.step = 'withdraw' AND split_part(NEW.reason, ':', 1) IN ('filed-wrongly', 'card-found'))) EXECUTE FUNCTION give_back_loss();

-- Ends the card that a person holds, whatever the register learnt: lapsed (holder-died), withdrawn
-- (nationality-lost and its like), revoked (number-replaced). It is called in the transaction that marks
-- the person, and before the row of the person is locked, as whoever issues a card locks: first the
-- citizen's advisory lock, then rows. How many cards were ended: one, or none. by_act may be null.
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

-- The same, of the person of a number.
CREATE FUNCTION end_cards(person text, becomes text, why text, officer text, by_act text) RETURNS integer LANGUAGE sql AS $$
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
