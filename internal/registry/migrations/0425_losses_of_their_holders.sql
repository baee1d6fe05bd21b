-- +goose Up

-- Whoever's card is kept by an authority, or was withdrawn after the application was validated
-- (or revoked by what made two persons one), is given another when an officer has released it
-- since: who approves is not told. That the card was destroyed since changes nothing.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    released  timestamptz := coalesce((SELECT max(at) FROM decisions WHERE application = of_application AND step = 'release'), '-infinity');
    validated timestamptz := (SELECT max(at) FROM audit WHERE application = of_application AND event = 'entered Validation');
BEGIN
    IF EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
        OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN
        RETURN 'card_of_the_living';
    END IF;
    IF kept_since(of_citizen) > released
        OR EXISTS (SELECT FROM cards c WHERE c.citizen = ANY(numbers_of(of_citizen)) AND c.changed_at > validated AND c.changed_at > released AND (
            c.state = 'withdrawn'
            OR c.state = 'destroyed' AND EXISTS (SELECT FROM card_life l WHERE l.card = c.id AND l.became = 'withdrawn' AND l.at > validated AND l.at > released)
            OR c.state = 'revoked' AND c.reason = 'number-replaced' AND NOT EXISTS (SELECT FROM applications a WHERE a.number = of_application AND a.ground = 'number-changed'))) THEN
        RETURN 'card_withdrawn_meanwhile';
    END IF;
    RETURN NULL;
END $$;

-- A loss is known when another card is applied for by who knows name and birth of the card's
-- holder, and else when that is granted, once an officer has seen whose it is: no number that
-- was mistyped ends a stranger's card.
DROP TRIGGER know_loss_applied_for ON applications;
DROP FUNCTION know_loss_applied_for();

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

CREATE OR REPLACE FUNCTION know_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM report_loss(a.citizen, a.number, NEW.officer, NEW.request)
    FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND a.citizen IS NOT NULL;
    RETURN NULL;
END $$;

-- Who applied by another's number, or for nobody's loss, has reported none: the card is what
-- it was, and its holder is told.
CREATE FUNCTION give_back_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH back AS (
        UPDATE cards c SET state = 'live', reason = NEW.reason, changed_by = NEW.officer, changed_act = NEW.request, changed_at = now()
        FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND c.citizen = ANY(numbers_of(a.citizen))
            AND c.state = 'reported-lost' AND c.reason = 'application ' || a.number
        RETURNING c.application, c.attempt
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is live', NEW.reason FROM back WHERE application IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tell_of_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    what text := CASE NEW.state WHEN 'live' THEN 'card-valid' ELSE 'card-lost' END;
BEGIN
    PERFORM tell(NEW.application, what, 1 + (SELECT count(*) FROM events e WHERE e.application = NEW.application AND e.kind = what)::integer, NULL);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER give_back_loss AFTER INSERT ON decisions FOR EACH ROW
    WHEN (NEW.request <> '' AND (NEW.step = 'reject' AND split_part(NEW.reason, ':', 1) IN ('impersonation', 'data-not-proven')
        OR NEW.step = 'withdraw' AND split_part(NEW.reason, ':', 1) = 'filed-wrongly')) EXECUTE FUNCTION give_back_loss();
ALTER TABLE events DROP CONSTRAINT event_kind;
ALTER TABLE events ADD CONSTRAINT event_kind
    CHECK (kind IN ('received', 'recapture', 'ready', 'reminder', 'rejected', 'expired', 'card-lost', 'card-valid'));
CREATE TRIGGER tell_of_valid_card AFTER UPDATE OF state ON cards FOR EACH ROW
    WHEN (NEW.state = 'live' AND OLD.state = 'reported-lost' AND NEW.application IS NOT NULL) EXECUTE FUNCTION tell_of_card();
