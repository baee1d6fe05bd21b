-- +goose Up

-- What somebody relies on, and only a person may change, changes in the transaction that keeps
-- that person's act: who has the programs' password cannot change it without adding an act, and
-- `starter audit verify` looks at the signature of every act. It is looked at when the
-- transaction ends, since some statements change first and keep the act after that.

-- Whether one of those acts, on that subject, is kept by this transaction.
CREATE FUNCTION signed_now(doing text[], about text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.subject = about AND a.act = ANY(doing) AND a.txid = pg_current_xact_id()::text::bigint)
$$;

-- Whether one of them is, whatever it is on: a box may bring cards that others were to.
CREATE FUNCTION signed_now(doing text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.txid = pg_current_xact_id()::text::bigint AND a.act = ANY(doing))
$$;

-- Whether the act of that identifier, by that officer, is, and was signed for at that time.
CREATE FUNCTION act_of_now(of_id text, by_officer text, done_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.id = of_id AND a.officer = by_officer AND a.at = done_at AND a.txid = pg_current_xact_id()::text::bigint)
$$;

-- Whether the act of that identifier, by that officer, is.
CREATE FUNCTION act_of_now(of_id text, by_officer text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM acts a WHERE a.id = of_id AND a.officer = by_officer AND a.txid = pg_current_xact_id()::text::bigint)
$$;

-- +goose StatementBegin
CREATE FUNCTION refuse_unsigned(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nobody signed that' USING ERRCODE = 'check_violation', CONSTRAINT = what;
END $$;

-- Whether a register says of the person of a number that the person can hold no card.
CREATE FUNCTION holds_no_card(whose bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM holders h WHERE h.citizen = whose AND h.status <> 'alive')
        OR EXISTS (SELECT FROM person_numbers n JOIN citizens p ON p.id = n.person WHERE n.citizen = whose AND (p.status <> 'alive' OR p.citizen <> whose))
$$;

-- A card is in its holder's hand, out of it, counted, lost and destroyed by what people sign.
CREATE FUNCTION sign_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    counts  CONSTANT text[] := ARRAY['receive', 'recount'];
    signed  boolean;
BEGIN
    IF (NEW.handed_over, NEW.handed_over_by, NEW.handed_over_act, NEW.handed_over_at, NEW.proof, NEW.score, NEW.old_card, NEW.old_card_reason) IS DISTINCT FROM
            (OLD.handed_over, OLD.handed_over_by, OLD.handed_over_act, OLD.handed_over_at, OLD.proof, OLD.score, OLD.old_card, OLD.old_card_reason) AND (OLD.state, NEW.state) <> ('arrived', 'live')
        OR NEW.signer <> OLD.signer AND (OLD.signer <> '' OR OLD.state NOT IN ('prepared', 'begun', 'personalized', 'printed', 'inspected'))
        OR NEW.station <> OLD.station AND (OLD.state, NEW.state) NOT IN (('prepared', 'begun'), ('begun', 'prepared'))
        OR NEW.state = OLD.state AND (NEW.changed_by, NEW.changed_act) IS DISTINCT FROM (OLD.changed_by, OLD.changed_act) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF (NEW.state = OLD.state AND (NEW.reason, NEW.missing, NEW.changed_at) IS DISTINCT FROM (OLD.reason, OLD.missing, OLD.changed_at)
            OR NEW.consignment IS DISTINCT FROM OLD.consignment AND (OLD.state, NEW.state) <> ('inspected', 'packed')
            OR NEW.place <> OLD.place)
        AND NOT signed_now(counts || ARRAY['destroy-card', 'find-card']) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NULL;
    END IF;
    CASE
        WHEN (OLD.state, NEW.state) = ('arrived', 'live') THEN
            signed := act_of_now(NEW.handed_over_act, NEW.handed_over_by, NEW.handed_over_at) AND signed_now(ARRAY['hand-over'], 'application/' || NEW.application);
        WHEN NEW.state IN ('arrived', 'lost') OR OLD.state <> 'inspected' AND NEW.state = 'packed' OR (OLD.state, NEW.state) = ('arrived', 'spoiled') THEN
            signed := signed_now(counts, 'consignment/' || NEW.consignment) OR signed_now(counts);
        WHEN NEW.state = 'found' THEN
            signed := signed_now(counts || ARRAY['find-card']);
        WHEN NEW.state = 'reported-lost' AND NEW.changed_by = 'holder' THEN
            signed := NEW.changed_act IS NULL;
        WHEN NEW.state IN ('withdrawn', 'lapsed', 'revoked') AND NEW.changed_by = 'system' AND NEW.changed_act IS NULL THEN
            signed := holds_no_card(NEW.citizen);
        WHEN NEW.state = 'revoked' AND NEW.changed_act IS NULL THEN
            signed := EXISTS (SELECT FROM acts a WHERE a.officer = NEW.changed_by AND a.txid = pg_current_xact_id()::text::bigint
                AND a.act = 'hand-over' AND NEW.reason LIKE 'replaced: card % of ' || substr(a.subject, length('application/') + 1));
        WHEN NEW.state IN ('live', 'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked', 'destroyed') THEN
            signed := act_of_now(NEW.changed_act, NEW.changed_by);
        ELSE
            signed := true;
    END CASE;
    IF signed IS NOT TRUE THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

-- A box is sealed by an officer, or by the system when it is full or its time has come; the
-- rest of its way only people say.
CREATE FUNCTION sign_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    signed boolean;
BEGIN
    CASE
        WHEN NEW.state = OLD.state THEN
            signed := true;
        WHEN (OLD.state, NEW.state) = ('open', 'sealed') THEN
            signed := NEW.sealed_by = 'system' AND NEW.sealed_act IS NULL OR act_of_now(NEW.sealed_act, NEW.sealed_by);
        WHEN (OLD.state, NEW.state) = ('sealed', 'open') THEN
            signed := signed_now(ARRAY['reopen'], 'consignment/' || NEW.number);
        WHEN (OLD.state, NEW.state) = ('sealed', 'sent') THEN
            signed := act_of_now(NEW.sent_act, NEW.sent_by, NEW.sent_at);
        WHEN (OLD.state, NEW.state) = ('sent', 'received') THEN
            signed := act_of_now(NEW.received_act, NEW.received_by, NEW.received_at);
        WHEN NEW.state = 'dissolved' THEN
            signed := NEW.cards = 0 AND NOT EXISTS (SELECT FROM cards c WHERE c.consignment = NEW.number);
        ELSE
            signed := false;
    END CASE;
    IF signed IS NOT TRUE
        OR (NEW.sealed_by, NEW.sealed_act, NEW.opened_at) IS DISTINCT FROM (OLD.sealed_by, OLD.sealed_act, OLD.opened_at) AND (OLD.state, NEW.state) NOT IN (('open', 'sealed'), ('open', 'dissolved'), ('sealed', 'open'))
        OR (NEW.sent_by, NEW.sent_act, NEW.sent_at, NEW.courier, NEW.seal) IS DISTINCT FROM (OLD.sent_by, OLD.sent_act, OLD.sent_at, OLD.courier, OLD.seal) AND (OLD.state, NEW.state) <> ('sealed', 'sent')
        OR (NEW.received_by, NEW.received_act, NEW.counted, NEW.said_missing, NEW.said_surplus) IS DISTINCT FROM (OLD.received_by, OLD.received_act, OLD.counted, OLD.said_missing, OLD.said_surplus) AND (OLD.state, NEW.state) <> ('sent', 'received')
        OR NEW.received_at IS DISTINCT FROM OLD.received_at AND NEW.state NOT IN ('received', 'dissolved')
        OR NEW.announced_at IS DISTINCT FROM OLD.announced_at AND OLD.announced_at IS NOT NULL THEN
        PERFORM refuse_unsigned('box_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

-- Blanks change their place, and leave the books, by what two officers sign or by the work.
CREATE FUNCTION sign_blank() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    signed boolean;
BEGIN
    CASE OLD.account || ' ' || NEW.account
        WHEN 'stock stock' THEN
            signed := signed_now(ARRAY['move-blanks'], 'office') OR signed_now(ARRAY['remove-station'], 'station/' || OLD.location);
        WHEN 'stock spoiled' THEN
            signed := signed_now(ARRAY['remove-station'], 'station/' || OLD.location);
        WHEN 'stock production' THEN
            signed := EXISTS (SELECT FROM cards c WHERE c.blank = NEW.serial AND c.station = NEW.location);
        WHEN 'production issued' THEN
            signed := signed_now(ARRAY['hand-over'], 'application/' || NEW.application);
        WHEN 'spoiled production' THEN
            signed := signed_now(ARRAY['receive', 'recount']);
        ELSE
            signed := CASE WHEN NEW.account = 'destroyed' THEN signed_now(ARRAY['destroy-card']) ELSE NEW.location = OLD.location OR NEW.account = 'stock' END;
    END CASE;
    IF signed IS NOT TRUE OR NEW.given_back <> OLD.given_back + (NEW.account = 'stock' AND OLD.account <> 'stock')::integer THEN
        PERFORM refuse_unsigned('blank_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

-- An application is held and let go on, photographed again, given more time, and ends with a
-- card in the holder's hand, by what officers sign.
CREATE FUNCTION sign_standing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about   text := 'application/' || NEW.number;
    decided boolean := EXISTS (SELECT FROM acts a JOIN decisions d ON d.application = NEW.number AND d.request = a.id
        WHERE a.subject = about AND a.txid = pg_current_xact_id()::text::bigint);
BEGIN
    IF NEW.held <> OLD.held AND NOT signed_now(ARRAY[CASE WHEN NEW.held THEN 'hold' ELSE 'release' END], about)
        OR NEW.capture_round <> OLD.capture_round AND NOT signed_now(ARRAY['recapture'], about)
        OR NEW.due <> OLD.due AND NOT decided
        OR NEW.clock_stopped_at IS DISTINCT FROM OLD.clock_stopped_at AND NOT decided AND (OLD.clock_stopped_at IS NOT NULL OR NOT coalesce(NEW.clock_stopped_at >= NEW.awaiting_since, false))
        OR NEW.stage <> OLD.stage AND NEW.stage = 'Issued' AND NOT signed_now(ARRAY['hand-over'], about) THEN
        PERFORM refuse_unsigned('standing_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sign_station() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT signed_now(ARRAY['register-station', 'revoke-station'], 'station/' || NEW.id) THEN
        PERFORM refuse_unsigned('station_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

-- A station pauses itself, and an officer does; it works again by an officer alone.
CREATE FUNCTION sign_station_at_work() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about text := 'station/' || NEW.id;
BEGIN
    IF NOT (CASE
        WHEN NEW.removed_at IS NOT NULL AND NEW.removed_at IS DISTINCT FROM OLD.removed_at THEN signed_now(ARRAY['remove-station'], about)
        WHEN NEW.paused_at IS NULL OR NEW.removed_at IS DISTINCT FROM OLD.removed_at THEN signed_now(ARRAY['resume-station'], about)
        WHEN NEW.paused_by = NEW.id THEN OLD.paused_at IS NULL
        ELSE signed_now(ARRAY['pause-station'], about) END) THEN
        PERFORM refuse_unsigned('station_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sign_verifier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.subject = 'verifier/' || NEW.id AND a.txid = pg_current_xact_id()::text::bigint) THEN
        PERFORM refuse_unsigned('verifier_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sign_revoked_signer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.act = 'revoke-signer' AND a.txid = pg_current_xact_id()::text::bigint) THEN
        PERFORM refuse_unsigned('revocation_is_signed_for');
    END IF;
    RETURN NULL;
END $$;

-- What a stage found is of the stage at which the application is, and of a round that it had.
CREATE FUNCTION find_at_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.stage = NEW.stage
        AND NEW.round <= a.capture_round + (SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step IN ('release', 'recapture'))) THEN
        PERFORM refuse_unsigned('found_at_stage');
    END IF;
    RETURN NULL;
END $$;

-- A round of capture that counts keeps its place in the gallery.
CREATE FUNCTION keep_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (signed_now(ARRAY['recapture'], 'application/' || NEW.application)
        OR EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.capture_round < NEW.round)) THEN
        PERFORM refuse_unsigned('evidence_is_final');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER sign_card AFTER UPDATE OF state, handed_over, handed_over_by, handed_over_act, handed_over_at, proof, score, old_card, old_card_reason, signer, station,
    changed_by, changed_act, changed_at, reason, missing, consignment, place ON cards DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_card();
CREATE CONSTRAINT TRIGGER sign_movement AFTER UPDATE ON consignments DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_movement();
CREATE CONSTRAINT TRIGGER sign_blank AFTER UPDATE ON blanks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_blank();
CREATE CONSTRAINT TRIGGER sign_standing AFTER UPDATE OF held, capture_round, due, clock_stopped_at, stage ON applications DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.held <> OLD.held OR NEW.capture_round <> OLD.capture_round OR NEW.due <> OLD.due OR NEW.clock_stopped_at IS DISTINCT FROM OLD.clock_stopped_at OR NEW.stage <> OLD.stage AND NEW.stage = 'Issued')
    EXECUTE FUNCTION sign_standing();
CREATE CONSTRAINT TRIGGER sign_station AFTER INSERT OR UPDATE ON stations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'enrollment') EXECUTE FUNCTION sign_station();
CREATE CONSTRAINT TRIGGER sign_station_at_work AFTER UPDATE OF paused_at, paused_by, paused_why, removed_at ON stations_at_work DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((NEW.paused_at, NEW.paused_by, NEW.paused_why, NEW.removed_at) IS DISTINCT FROM (OLD.paused_at, OLD.paused_by, OLD.paused_why, OLD.removed_at))
    EXECUTE FUNCTION sign_station_at_work();
CREATE CONSTRAINT TRIGGER sign_verifier AFTER INSERT OR UPDATE ON verifiers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_verifier();
CREATE CONSTRAINT TRIGGER sign_revoked_signer AFTER INSERT ON revoked_signers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_revoked_signer();
CREATE CONSTRAINT TRIGGER find_at_stage AFTER INSERT ON findings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION find_at_stage();
CREATE CONSTRAINT TRIGGER keep_place AFTER UPDATE ON gallery DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_place();
