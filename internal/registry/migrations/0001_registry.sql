-- +goose Up

-- Stations that send packets, and stations that make cards.
CREATE TABLE stations (
    id         text PRIMARY KEY,
    kind       text NOT NULL CONSTRAINT station_kind CHECK (kind IN ('enrolment', 'personalization')),
    province   text NOT NULL DEFAULT '',
    name       text NOT NULL DEFAULT '',
    public_key bytea, -- Ed25519, 32 bytes; of enrolment stations
    revoked    boolean NOT NULL DEFAULT false
);

-- The built-in population registry: who is known, as the State has it.
CREATE TABLE citizens (
    number text PRIMARY KEY CONSTRAINT citizen_number CHECK (number ~ '^[0-9]{12}$'),
    person jsonb NOT NULL,
    status text NOT NULL CONSTRAINT citizen_status CHECK (status IN ('alive', 'deceased', 'emigrated'))
);

-- One row for each application. The workflow of that number decides
-- what happens next; this row is where it stands.
CREATE TABLE applications (
    number           text PRIMARY KEY,
    stage            text NOT NULL,
    awaiting         text NOT NULL DEFAULT '',
    attempt          integer NOT NULL DEFAULT 0, -- the card being made, from 1; 0 before the first
    capture_round    integer NOT NULL DEFAULT 1,
    probes           integer NOT NULL DEFAULT 0, -- fingers laid on the reader at hand-over
    held             boolean NOT NULL DEFAULT false,
    held_for_citizen boolean NOT NULL DEFAULT false,
    reason           text NOT NULL DEFAULT '',   -- why it ended
    due              timestamptz NOT NULL,       -- the legal deadline, as moved by holds
    entered_at       timestamptz NOT NULL DEFAULT now(),
    received_at      timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,                -- when its workflow was known to be started

    station          text NOT NULL REFERENCES stations (id),
    enrollment_id    text NOT NULL,
    officer          text NOT NULL,              -- who enrolled
    digest           bytea NOT NULL CONSTRAINT application_digest CHECK (length(digest) = 32),
    province         text NOT NULL,              -- of the station
    type             text NOT NULL,
    ground           text NOT NULL,
    channel          text NOT NULL,
    filed_on         date NOT NULL,
    delivery         text NOT NULL,
    delivery_to      text NOT NULL DEFAULT '',
    destination      text NOT NULL,              -- where its card is sent: the station, or POST
    urgent           boolean NOT NULL,
    exemption        text NOT NULL DEFAULT '',
    representative   jsonb NOT NULL,
    personal_number  text NOT NULL DEFAULT '' CONSTRAINT application_number CHECK (personal_number ~ '^([0-9]{12})?$'),
    person           jsonb NOT NULL,             -- as applied for

    law              text NOT NULL,              -- the rules of its day, pinned
    form             text NOT NULL,
    processing_days  integer NOT NULL,
    fee              integer NOT NULL,
    expiry           text NOT NULL,

    CONSTRAINT one_application_per_enrollment UNIQUE (station, enrollment_id)
);

-- A citizen has one application at a time on one ground.
CREATE UNIQUE INDEX one_open_application_per_citizen_and_ground ON applications (personal_number, ground)
    WHERE personal_number <> '' AND stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE INDEX applications_by_stage ON applications (stage, province, entered_at);
CREATE INDEX applications_awaiting ON applications (awaiting, province, received_at) WHERE awaiting <> '';
CREATE INDEX applications_by_receipt ON applications (received_at, number);
CREATE INDEX applications_unstarted ON applications (received_at) WHERE started_at IS NULL;

-- A number that was allotted is never allotted again, whatever becomes of the
-- application.
CREATE TABLE allotments (
    number      text PRIMARY KEY,
    application text NOT NULL REFERENCES applications (number),
    at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_allotment_per_application UNIQUE (application)
);

-- What people decided. The officer who enrolled is copied here so that the
-- database itself holds four eyes.
CREATE TABLE decisions (
    application text NOT NULL REFERENCES applications (number),
    step        text NOT NULL,
    round       integer NOT NULL,
    officer     text NOT NULL CONSTRAINT decision_officer CHECK (officer <> ''),
    enrolled_by text NOT NULL,
    verdict     text NOT NULL DEFAULT '',
    reason      text NOT NULL DEFAULT '',
    for_citizen boolean NOT NULL DEFAULT false,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application, step, round),
    CONSTRAINT four_eyes CHECK (step NOT IN ('approve', 'reject', 'adjudicate') OR officer <> enrolled_by)
);
-- Whoever adjudicated does not approve.
CREATE UNIQUE INDEX adjudicator_does_not_approve ON decisions (application, officer) WHERE step IN ('approve', 'adjudicate');

-- Boxes of blanks as they came.
CREATE TABLE boxes (
    number       text PRIMARY KEY,
    first_serial text NOT NULL,
    last_serial  text NOT NULL,
    blanks       integer NOT NULL,
    location     text NOT NULL,
    received_by  text NOT NULL,
    counted_by   text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT counted_by_another CHECK (received_by <> counted_by AND received_by <> '' AND counted_by <> '')
);

-- Every blank is one row and stands in exactly one account, so that received =
-- stock + production + spoiled + issued + destroyed at every instant.
CREATE TABLE blanks (
    serial      text PRIMARY KEY,
    box         text NOT NULL REFERENCES boxes (number),
    account     text NOT NULL CONSTRAINT blank_account CHECK (account IN ('stock', 'production', 'spoiled', 'issued', 'destroyed')),
    location    text NOT NULL,
    application text REFERENCES applications (number),
    attempt     integer,
    CONSTRAINT one_blank_per_card UNIQUE (application, attempt),
    CONSTRAINT blank_in_use_has_a_card CHECK ((account = 'stock') = (application IS NULL)),
    CONSTRAINT blank_card CHECK ((application IS NULL) = (attempt IS NULL))
);
CREATE INDEX blanks_in_stock ON blanks (location, serial) WHERE account = 'stock';

-- The ledger of their moves, written by the triggers below: debit one account,
-- credit another, 'received' being the account that blanks come from.
CREATE TABLE blank_movements (
    serial   text NOT NULL REFERENCES blanks (serial),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    debited  text NOT NULL,
    credited text NOT NULL,
    application text,
    attempt     integer
);
CREATE INDEX blank_movements_by_serial ON blank_movements (serial);

-- +goose StatementBegin
CREATE FUNCTION move_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.account <> 'stock' THEN
            RAISE EXCEPTION 'a blank enters stock' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR (OLD.application IS NOT NULL AND (NEW.application, NEW.attempt) IS DISTINCT FROM (OLD.application, OLD.attempt)) THEN
        RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
    END IF;
    IF NEW.account <> OLD.account AND (OLD.account, NEW.account) NOT IN (('stock', 'production'), ('production', 'spoiled'), ('production', 'issued'), ('production', 'destroyed'), ('spoiled', 'destroyed'), ('issued', 'destroyed')) THEN
        RAISE EXCEPTION 'a blank cannot go there' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION note_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO blank_movements (serial, debited, credited, application, attempt)
        VALUES (NEW.serial, CASE TG_OP WHEN 'INSERT' THEN 'received' ELSE OLD.account END, NEW.account, NEW.application, NEW.attempt);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER move_blank BEFORE INSERT OR UPDATE ON blanks FOR EACH ROW EXECUTE FUNCTION move_blank();
CREATE TRIGGER note_blank_in AFTER INSERT ON blanks FOR EACH ROW EXECUTE FUNCTION note_blank();
CREATE TRIGGER note_blank_move AFTER UPDATE ON blanks FOR EACH ROW WHEN (OLD.account <> NEW.account) EXECUTE FUNCTION note_blank();

-- +goose StatementBegin
CREATE FUNCTION keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_blanks BEFORE DELETE OR TRUNCATE ON blanks FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();
CREATE TRIGGER keep_boxes BEFORE UPDATE OR DELETE OR TRUNCATE ON boxes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();
CREATE TRIGGER keep_movements BEFORE UPDATE OR DELETE OR TRUNCATE ON blank_movements FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Boxes of finished cards for one destination.
CREATE SEQUENCE consignment_numbers;
CREATE TABLE consignments (
    number      text PRIMARY KEY,
    destination text NOT NULL,
    state       text NOT NULL CONSTRAINT consignment_state CHECK (state IN ('open', 'sealed', 'sent', 'received')),
    cards       integer NOT NULL DEFAULT 0,
    courier     text NOT NULL DEFAULT '',
    seal        text NOT NULL DEFAULT '',
    opened_at   timestamptz NOT NULL DEFAULT now(),
    sealed_by   text NOT NULL DEFAULT '',
    sent_by     text NOT NULL DEFAULT '',
    received_by text NOT NULL DEFAULT '',
    sent_at     timestamptz,
    received_at timestamptz
);
CREATE UNIQUE INDEX one_open_consignment_per_destination ON consignments (destination) WHERE state = 'open';

-- Every card that was begun, and older cards that the population registry knows.
CREATE TABLE cards (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application     text REFERENCES applications (number), -- null: made before this engine
    attempt         integer,
    state           text NOT NULL CONSTRAINT card_state CHECK (state IN
                        ('prepared', 'begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live', 'revoked', 'spoiled', 'lost', 'destroyed')),
    personal_number text NOT NULL CONSTRAINT card_number CHECK (personal_number ~ '^[0-9]{12}$'),
    serial          text NOT NULL,
    form            text NOT NULL,
    issued          date NOT NULL,
    expires         date, -- null: no expiry
    card            jsonb, -- all that it says; null for older cards
    digest_sod      bytea,
    digest_print    bytea,
    blank           text REFERENCES blanks (serial),
    station         text NOT NULL DEFAULT '',
    consignment     text REFERENCES consignments (number),
    missing         boolean NOT NULL DEFAULT false, -- not in the box at the count
    reason          text NOT NULL DEFAULT '', -- why spoiled, revoked or destroyed
    approved_by     text NOT NULL DEFAULT '',
    handed_over_by  text NOT NULL DEFAULT '',
    handed_over     text NOT NULL DEFAULT '', -- how: fingerprint, proxy, post, officer
    proof           text NOT NULL DEFAULT '',
    score           double precision,
    handed_over_at  timestamptz,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_card_per_attempt UNIQUE (application, attempt),
    CONSTRAINT one_card_per_blank UNIQUE (blank),
    CONSTRAINT one_card_per_serial UNIQUE (serial)
);
CREATE UNIQUE INDEX one_live_card_per_citizen ON cards (personal_number) WHERE state = 'live';
CREATE INDEX cards_by_consignment ON cards (consignment) WHERE consignment IS NOT NULL;
CREATE INDEX cards_by_citizen ON cards (personal_number);

-- The audit trail: a chain of hashes for each application. Nothing is changed or
-- taken away, and each entry holds the hash of the one before.
CREATE TABLE audit (
    application text NOT NULL REFERENCES applications (number),
    seq         integer NOT NULL,
    at          timestamptz NOT NULL,
    actor       text NOT NULL, -- an officer's badge, a station, or system
    event       text NOT NULL,
    reason      text NOT NULL,
    prev        bytea NOT NULL,
    hash        bytea NOT NULL,
    PRIMARY KEY (application, seq)
);

-- A field as it is hashed: with its length in bytes in front.
CREATE FUNCTION audit_field(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT octet_length(convert_to(t, 'UTF8')) || ':' || t || ',' $$;

-- +goose StatementBegin
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    -- Writers of one chain take turns; the lock is held to the end of the transaction.
    PERFORM FROM applications WHERE number = NEW.application FOR NO KEY UPDATE;
    SELECT a.seq, a.hash INTO last FROM audit a WHERE a.application = NEW.application ORDER BY a.seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.prev := coalesce(last.hash, '\x'::bytea);
    NEW.at := date_trunc('microseconds', clock_timestamp());
    NEW.hash := sha256(NEW.prev || convert_to(
        audit_field(NEW.application) || audit_field(NEW.seq::text) || audit_field((extract(epoch FROM NEW.at) * 1000000)::bigint::text) ||
        audit_field(NEW.actor) || audit_field(NEW.event) || audit_field(NEW.reason), 'UTF8'));
    RETURN NEW;
END $$;

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_is_final';
END $$;
-- +goose StatementEnd
CREATE TRIGGER chain_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION chain_audit();
CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER keep_audit_whole BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();

-- The vault: encrypted blobs, and for each application its data key, wrapped by
-- the master key. Without the key the blobs are noise.
CREATE TABLE vault_keys (
    application text PRIMARY KEY,
    wrapped     bytea,       -- null: destroyed
    shredded_at timestamptz,
    CONSTRAINT vault_key_or_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL))
);
CREATE TABLE vault_blobs (
    application text NOT NULL REFERENCES vault_keys (application),
    role        text NOT NULL,
    attempt     integer NOT NULL,
    sealed      bytea NOT NULL,
    PRIMARY KEY (application, role, attempt)
);
ALTER TABLE vault_blobs ALTER COLUMN sealed SET STORAGE EXTERNAL; -- ciphertext does not compress

-- The gallery of fingerprint templates, in the order in which they were
-- committed: inserts take a lock that they hold to the end of the transaction.
CREATE TABLE gallery (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application text NOT NULL REFERENCES applications (number),
    round       integer NOT NULL,
    CONSTRAINT one_gallery_entry_per_round UNIQUE (application, round)
);
