-- +goose Up
-- +goose StatementBegin

-- Every card that was begun, and older cards that the population register knows. What a card
-- says is sealed with its application's data key; when it expires is its holder's birthday, and
-- stands in clear of cards of before this engine alone, which have no application's key.
CREATE TABLE cards (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application     text REFERENCES applications (number), -- null: made before this engine
    attempt         integer,
    document        text NOT NULL DEFAULT 'card' CONSTRAINT card_document CHECK (document IN ('card', 'certificate')),
    state           text NOT NULL,
    citizen         bytea CONSTRAINT card_citizen CHECK (length(citizen) = 32), -- digest of the holder's number; null: erased
    holder          text NOT NULL DEFAULT '', -- whose record it was prepared from
    holder_version  text NOT NULL DEFAULT '', -- and which
    serial          text NOT NULL,
    form            text NOT NULL,
    issued          date NOT NULL,
    expires         date, -- null: it does not, or it is sealed
    sealed          bytea, -- all that it says; null for cards of before this engine
    approved_by     text NOT NULL DEFAULT '',
    digest_form     bytea, -- what it was drawn with: its form's file, fonts and art
    digest_print    bytea,
    digest_sod      bytea,
    signer          text NOT NULL DEFAULT '' CONSTRAINT card_signer CHECK (signer ~ '^([1-9a-f][0-9a-f]*)?$'), -- of its chip, by the serial number of the certificate; empty: none yet
    blank           text REFERENCES blanks (serial),
    station         text NOT NULL DEFAULT '',
    unsure          boolean NOT NULL DEFAULT false, -- given up by another than its station when it was begun: the station alone knows whether the blank was written to
    consignment     text REFERENCES consignments (number),
    missing         boolean NOT NULL DEFAULT false, -- not in the box at the count
    place           text NOT NULL DEFAULT '', -- where one that turned up when it was of no use any more is kept until two officers destroy it
    handed_over     text NOT NULL DEFAULT '' CONSTRAINT card_handed_over CHECK (handed_over IN ('', 'fingerprint', 'proxy', 'post', 'officer')),
    handed_over_by  text NOT NULL DEFAULT '',
    handed_over_act text,
    handed_over_at  timestamptz,
    proof           text NOT NULL DEFAULT '',
    score           double precision,
    probe           integer, -- which try's finger matched; null: handed over without one
    old_card        text NOT NULL DEFAULT '' CONSTRAINT card_old_card CHECK (old_card IN ('', 'received', 'lost', 'kept', 'none')), -- of the holder, when this one was handed over
    old_card_reason text NOT NULL DEFAULT '', -- why it was not received
    status_place    bigint, -- in the status lists; null: it was not issued
    reason          text NOT NULL DEFAULT '', -- why spoiled, revoked or destroyed
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL DEFAULT '', -- who made it what it is since it was issued
    changed_act     text, -- and by which act; null: it follows from something else
    erased_at       timestamptz, -- null: its application's key is there
    CONSTRAINT one_card_per_attempt UNIQUE (application, attempt),
    CONSTRAINT one_card_per_blank UNIQUE (blank),
    CONSTRAINT one_card_per_serial UNIQUE (serial),
    CONSTRAINT hand_over_is_signed FOREIGN KEY (handed_over_act, handed_over_by) REFERENCES acts (id, officer),
    CONSTRAINT hand_over_has_act CHECK (handed_over_by = '' OR handed_over_act IS NOT NULL),
    CONSTRAINT card_is_sealed CHECK ((application IS NULL) = (sealed IS NULL)),
    CONSTRAINT card_expiry_is_sealed CHECK (application IS NULL OR expires IS NULL),
    CONSTRAINT old_card_has_reason CHECK (old_card NOT IN ('lost', 'kept') OR old_card_reason <> ''),
    CONSTRAINT card_state CHECK (state IN
        ('prepared', 'begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live',
        'reported-lost', 'damaged', 'kept', 'withdrawn', 'lapsed', 'revoked', 'spoiled', 'lost', 'found', 'destroyed')),
    CONSTRAINT card_change_by_act FOREIGN KEY (changed_act, changed_by) REFERENCES acts (id, officer),
    CONSTRAINT card_change_is_signed CHECK (state NOT IN ('reported-lost', 'damaged', 'kept') OR changed_act IS NOT NULL OR state = 'reported-lost' AND changed_by = 'holder'),
    CONSTRAINT blank_for_document FOREIGN KEY (blank, document) REFERENCES blanks (serial, document),
    CONSTRAINT card_is_somebodys CHECK (citizen IS NOT NULL OR erased_at IS NOT NULL)
);
CREATE INDEX cards_by_consignment ON cards (consignment) WHERE consignment IS NOT NULL;
CREATE INDEX cards_by_citizen ON cards (citizen);
-- Cards in the slots of a station, for the station that asks when it starts.
CREATE INDEX cards_at_station ON cards (station) WHERE state IN ('begun', 'personalized', 'printed');
-- Of one application at most one card can be handed over or is in its holder's hand.
CREATE UNIQUE INDEX one_card_in_hand_per_application ON cards (application)
    WHERE state IN ('begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live');
CREATE INDEX cards_unsure ON cards (station) WHERE unsure AND state = 'spoiled';
-- A card that is lost, damaged or kept is the citizen's one card still, until another takes its
-- place: found again after that, it is not live again.
CREATE UNIQUE INDEX one_live_card_per_citizen ON cards (citizen) WHERE state IN ('live', 'reported-lost', 'damaged', 'kept');
CREATE UNIQUE INDEX one_card_per_status_place ON cards (status_place) WHERE status_place IS NOT NULL;
-- Which are not valid, for whoever makes the status lists.
CREATE INDEX cards_not_valid ON cards (status_place, state) WHERE status_place IS NOT NULL AND state <> 'live';
CREATE INDEX cards_to_erase ON cards (changed_at) WHERE erased_at IS NULL AND handed_over_at IS NOT NULL AND state IN ('revoked', 'withdrawn', 'lapsed', 'destroyed');
CREATE INDEX imported_cards ON cards (id) WHERE application IS NULL;
-- Which cards a document signer signed: of those that were issued, and of those in work.
CREATE INDEX cards_by_signer ON cards (signer) WHERE signer <> '' AND status_place IS NOT NULL;
CREATE INDEX cards_in_work_by_signer ON cards (signer) WHERE signer <> '' AND status_place IS NULL;
-- What the citizens' page asks of a card that was given: whether it is reported lost now.
CREATE INDEX cards_reported_lost ON cards (application) WHERE state = 'reported-lost';

-- Cards that were in a box and not on its manifest, and what became of each.
CREATE TABLE surplus_cards (
    consignment text NOT NULL REFERENCES consignments (number),
    named       text NOT NULL CONSTRAINT surplus_named CHECK (length(named) BETWEEN 1 AND 40), -- an application or the serial of a blank, as it was given
    application text, -- null: unknown
    attempt     integer,
    outcome     text NOT NULL CONSTRAINT surplus_outcome CHECK (outcome IN ('arrived', 'forwarded', 'unwanted', 'counted', 'unclear')),
    note        text NOT NULL DEFAULT '',
    officer     text NOT NULL CONSTRAINT surplus_officer CHECK (officer <> ''),
    at          timestamptz NOT NULL DEFAULT now(),
    settled_by  text NOT NULL DEFAULT '',
    settled_at  timestamptz,
    settlement  text NOT NULL DEFAULT '',
    CONSTRAINT surplus_settled CHECK ((settled_at IS NULL) = (settled_by = '') AND (settled_at IS NULL) = (settlement = '')),
    PRIMARY KEY (consignment, named),
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt)
);
CREATE INDEX surplus_unsettled ON surplus_cards (consignment, named) WHERE outcome = 'unclear' AND settled_at IS NULL;

-- A card of before this engine comes into the books as a live one, with a line of card_reports; any
-- other as one that is being made.
CREATE FUNCTION begin_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_unsigned('card_is_signed_for');
    RETURN NULL;
END $$;
CREATE TRIGGER begin_card AFTER INSERT ON cards FOR EACH ROW
    WHEN (NEW.state <> CASE WHEN NEW.application IS NULL THEN 'live' ELSE 'prepared' END) EXECUTE FUNCTION begin_card();

-- What may become of a card; package identity has the same. One that is found again is what it was
-- when it was lost: kept, if an authority kept it, and damaged for ever once it was. One that is lost
-- may turn up kept or broken.
CREATE FUNCTION move_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    life CONSTANT jsonb := '{
        "live": ["reported-lost", "damaged", "kept", "withdrawn", "lapsed", "revoked"],
        "reported-lost": ["live", "damaged", "kept", "withdrawn", "lapsed", "revoked"],
        "damaged": ["reported-lost", "withdrawn", "lapsed", "revoked"],
        "kept": ["live", "reported-lost", "damaged", "withdrawn", "lapsed", "revoked"],
        "withdrawn": ["destroyed"], "lapsed": ["destroyed"], "revoked": ["destroyed"]}';
    impediment text;
BEGIN
    IF life ? OLD.state THEN
        IF NOT life -> OLD.state ? NEW.state OR NEW.state = 'live' AND (
            EXISTS (SELECT FROM card_life WHERE card = NEW.id AND became = 'damaged')
            OR OLD.state = 'reported-lost' AND (SELECT was FROM card_life WHERE card = NEW.id AND became = 'reported-lost' AND was <> became ORDER BY at DESC LIMIT 1) <> 'live')
        THEN
            RAISE EXCEPTION 'a card cannot become that' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
        END IF;
    ELSIF life ? NEW.state AND (OLD.state, NEW.state) <> ('arrived', 'live') THEN
        RAISE EXCEPTION 'a card is issued first' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
    END IF;
    IF NEW.state = 'begun' OR (OLD.state, NEW.state) = ('arrived', 'live') THEN
        -- Who marks the person at this moment ends this card, or this one waits and is refused.
        IF NEW.state = 'live' THEN
            PERFORM FROM citizens WHERE citizen = NEW.citizen FOR SHARE;
        END IF;
        impediment := card_impediment(NEW.citizen, NEW.application);
        IF impediment IS NOT NULL THEN
            RAISE EXCEPTION 'an impediment' USING ERRCODE = 'check_violation', CONSTRAINT = impediment;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER move_card BEFORE UPDATE OF state ON cards FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION move_card();

-- What left its station is not made again: a card that was packed, counted in, or is its holder's
-- becomes none that is being made, by whoever says so.
CREATE FUNCTION card_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a card cannot become that' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_life';
END $$;
CREATE TRIGGER card_goes_on BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (NEW.state IN ('prepared', 'begun', 'personalized', 'printed', 'inspected') AND OLD.state NOT IN ('prepared', 'begun', 'personalized', 'printed', 'inspected'))
    EXECUTE FUNCTION card_goes_on();

-- An application on hold is given no blank: a station that had a slot for its card before the hold
-- takes the next card. What is in a slot already is finished. Whoever holds the application waits
-- for this, or this for the hold.
CREATE FUNCTION held_takes_no_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT held FROM applications WHERE number = NEW.application FOR SHARE) THEN
        RAISE EXCEPTION 'the application is held' USING ERRCODE = 'check_violation', CONSTRAINT = 'held_takes_no_blank';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER held_takes_no_blank BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'prepared' AND NEW.state = 'begun') EXECUTE FUNCTION held_takes_no_blank();

-- A chip makes its private keys itself. What is signed over their public parts is known when the card
-- is inspected, and never changes after that.
CREATE FUNCTION keep_security_object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the security object of a card is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'security_object_is_final';
END $$;
CREATE TRIGGER keep_security_object BEFORE UPDATE OF digest_sod ON cards FOR EACH ROW
    WHEN (OLD.digest_sod IS NOT NULL AND NEW.digest_sod IS DISTINCT FROM OLD.digest_sod) EXECUTE FUNCTION keep_security_object();

-- Without the holder's finger a card is handed over by an officer of the counter's own province, who
-- neither enrolled nor captured nor granted it, and neither sent its box nor counted it in: whoever
-- alone says that a card came does not also say alone that its holder has it. By post goes what is to
-- be delivered by post, and only that: what lies at a counter is not handed over by a tracking number.
-- What came back from the post is handed over where it was applied for.
CREATE FUNCTION hand_over_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    posted  boolean;
    counter text;
BEGIN
    IF EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.handed_over_by) OR captured_by(NEW.application, NEW.handed_over_by)
        OR NEW.approved_by = NEW.handed_over_by THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_at_hand_over';
    END IF;
    SELECT a.destination = 'POST', coalesce(s.province, a.province) INTO posted, counter
        FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = NEW.application;
    IF NEW.handed_over = 'post' AND NOT posted THEN
        RAISE EXCEPTION 'not by post' USING ERRCODE = 'check_violation', CONSTRAINT = 'by_post_as_applied_for';
    END IF;
    IF EXISTS (
        SELECT FROM consignments k WHERE k.number = NEW.consignment
            AND (NEW.handed_over_by = k.sent_by OR NEW.handed_over_by = k.received_by AND NEW.handed_over <> 'post')) THEN
        RAISE EXCEPTION 'whoever moved the box' USING ERRCODE = 'check_violation', CONSTRAINT = 'handed_over_by_another';
    END IF;
    IF NEW.handed_over <> 'post' AND EXISTS (SELECT FROM officers WHERE badge = NEW.handed_over_by AND unit <> counter) THEN
        RAISE EXCEPTION 'at another counter' USING ERRCODE = 'check_violation', CONSTRAINT = 'hand_over_at_own_counter';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hand_over_by_another BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'arrived' AND NEW.state = 'live' AND NEW.handed_over <> 'fingerprint') EXECUTE FUNCTION hand_over_by_another();

-- Which finger matched is said when the card is handed over.
CREATE FUNCTION keep_probe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'it matched when the card was handed over' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_is_signed_for';
END $$;
CREATE TRIGGER keep_probe BEFORE UPDATE OF probe ON cards FOR EACH ROW
    WHEN (NEW.probe IS DISTINCT FROM OLD.probe AND (OLD.state, NEW.state) <> ('arrived', 'live')) EXECUTE FUNCTION keep_probe();

-- Since when a card is what it is never goes back: evidence is erased by that.
CREATE FUNCTION keep_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := OLD.changed_at;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_changed BEFORE UPDATE OF changed_at ON cards FOR EACH ROW WHEN (NEW.changed_at < OLD.changed_at) EXECUTE FUNCTION keep_changed();

-- A card is in its holder's hand, out of it, counted, lost and destroyed by what people sign. A loss
-- that its holder reports, and that an application had claimed before, is signed for as any other.
CREATE FUNCTION sign_card() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    counts  CONSTANT text[] := ARRAY['receive', 'recount'];
    signed  boolean;
    besides CONSTANT boolean := OLD.state = 'reported-lost' AND NEW.state = 'reported-lost' AND OLD.reason LIKE 'application %' AND NEW.reason NOT LIKE 'application %';
BEGIN
    IF (NEW.handed_over, NEW.handed_over_by, NEW.handed_over_act, NEW.handed_over_at, NEW.proof, NEW.score, NEW.old_card, NEW.old_card_reason) IS DISTINCT FROM
            (OLD.handed_over, OLD.handed_over_by, OLD.handed_over_act, OLD.handed_over_at, OLD.proof, OLD.score, OLD.old_card, OLD.old_card_reason) AND (OLD.state, NEW.state) <> ('arrived', 'live')
        OR NEW.signer <> OLD.signer AND (OLD.signer <> '' OR OLD.state NOT IN ('prepared', 'begun', 'personalized', 'printed', 'inspected'))
        OR NEW.station <> OLD.station AND (OLD.state, NEW.state) NOT IN (('prepared', 'begun'), ('begun', 'prepared'))
        OR NEW.state = OLD.state AND NOT besides AND (NEW.changed_by, NEW.changed_act) IS DISTINCT FROM (OLD.changed_by, OLD.changed_act) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF (NEW.state = OLD.state AND NOT besides AND (NEW.reason, NEW.missing, NEW.changed_at) IS DISTINCT FROM (OLD.reason, OLD.missing, OLD.changed_at)
            OR NEW.consignment IS DISTINCT FROM OLD.consignment AND (OLD.state, NEW.state) <> ('inspected', 'packed')
            OR NEW.place <> OLD.place)
        AND NOT signed_now(counts || ARRAY['destroy-card', 'find-card']) THEN
        PERFORM refuse_unsigned('card_is_signed_for');
    END IF;
    IF NEW.state = OLD.state AND NOT besides THEN
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
CREATE CONSTRAINT TRIGGER sign_card AFTER UPDATE OF state, handed_over, handed_over_by, handed_over_act, handed_over_at, proof, score, old_card, old_card_reason, signer, station,
    changed_by, changed_act, changed_at, reason, missing, consignment, place ON cards DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_card();

-- Where the holder of a card lives, where it was applied for and where it was handed over.
CREATE FUNCTION holder_provinces(of_serial text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT array_agg(DISTINCT p.province) FROM cards c CROSS JOIN LATERAL (
        SELECT a.province FROM applications a WHERE a.number = c.application
        UNION ALL SELECT s.province FROM applications a JOIN stations s ON s.id = a.destination WHERE a.number = c.application
        UNION ALL SELECT unnest(person_provinces(n.person)) FROM person_numbers n WHERE n.citizen = c.citizen
    ) p WHERE c.serial = of_serial
$$;

-- A card is withdrawn in the province where it was applied for or handed over; an extract is made, and
-- its chip is seen to, where its holder lives too. Everything else is done wherever its holder is:
-- then every unit may.
CREATE FUNCTION card_provinces(doing text, of_serial text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN doing = 'withdraw-card' THEN (
        SELECT ARRAY[a.province, s.province]
        FROM cards c JOIN applications a ON a.number = c.application LEFT JOIN stations s ON s.id = a.destination WHERE c.serial = of_serial)
    WHEN doing IN ('extract-record', 'manage-card') THEN holder_provinces(of_serial)
    ELSE (SELECT array_agg(DISTINCT unit) FROM officers) END
$$;

-- +goose StatementEnd
