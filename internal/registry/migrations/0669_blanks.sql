-- +goose Up
-- +goose StatementBegin

-- Boxes of blanks as they came. Certificates of art. 30 of Law 26/2023/QH15 are made on blanks
-- of their own: numbered paper, which is accounted for as blanks of cards are.
CREATE TABLE boxes (
    number       text PRIMARY KEY,
    document     text NOT NULL DEFAULT 'card' CONSTRAINT box_document CHECK (document IN ('card', 'certificate')),
    first_serial text NOT NULL,
    last_serial  text NOT NULL,
    blanks       integer NOT NULL,
    location     text NOT NULL,
    received_by  text NOT NULL,
    counted_by   text NOT NULL,
    act          text CONSTRAINT box_has_act CHECK (act IS NOT NULL),
    at           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT counted_by_another CHECK (received_by <> counted_by AND received_by <> '' AND counted_by <> ''),
    CONSTRAINT box_receipt_is_signed FOREIGN KEY (act, received_by) REFERENCES acts (id, officer),
    CONSTRAINT box_count_is_signed FOREIGN KEY (act, counted_by) REFERENCES acts (id, officer)
);
CREATE TRIGGER keep_boxes BEFORE UPDATE OR DELETE OR TRUNCATE ON boxes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Every blank is one row and stands in exactly one account, so that received =
-- stock + production + spoiled + issued + destroyed at every instant. What the maker's manifest
-- says of a blank, if it came with one, is the serial of its chip, and the key version number of
-- the key set that it is delivered with: stations write to that chip only. Of certificates there
-- are few: they are in stock at the center alone, from which every station takes.
CREATE TABLE blanks (
    serial      text PRIMARY KEY,
    document    text NOT NULL DEFAULT 'card' CONSTRAINT blank_document CHECK (document IN ('card', 'certificate')),
    box         text NOT NULL REFERENCES boxes (number),
    chip        text CONSTRAINT blank_chip CHECK (chip ~ '^[0-9a-f]{20}$'),
    key_version smallint CONSTRAINT blank_key_version CHECK (key_version BETWEEN 1 AND 127),
    account     text NOT NULL CONSTRAINT blank_account CHECK (account IN ('stock', 'production', 'spoiled', 'issued', 'destroyed')),
    location    text NOT NULL,
    application text REFERENCES applications (number),
    attempt     integer,
    given_back  integer NOT NULL DEFAULT 0, -- how often nothing was written to it; one that was given back often is taken last: it may be the blank that is at fault
    CONSTRAINT blank_card CHECK ((application IS NULL) = (attempt IS NULL)),
    CONSTRAINT one_blank_per_card UNIQUE (application, attempt),
    CONSTRAINT blank_in_use_has_a_card CHECK (CASE account WHEN 'stock' THEN application IS NULL WHEN 'spoiled' THEN true ELSE application IS NOT NULL END),
    CONSTRAINT blank_of_a_manifest CHECK ((chip IS NULL) = (key_version IS NULL)),
    CONSTRAINT certificates_in_stock_at_center CHECK (document = 'card' OR account <> 'stock' OR location = 'center')
);
-- What still has to be destroyed, among all the blanks there ever were.
CREATE INDEX blanks_to_account_for ON blanks (serial) WHERE account IN ('production', 'spoiled');
CREATE UNIQUE INDEX one_blank_per_chip ON blanks (chip) WHERE chip IS NOT NULL;
CREATE INDEX blanks_in_stock ON blanks (document, location, given_back, serial) WHERE account = 'stock';
-- A card has a blank for cards, a certificate one for certificates (cards refer to it).
CREATE UNIQUE INDEX blanks_by_document ON blanks (serial, document);
CREATE TRIGGER keep_blanks BEFORE DELETE OR TRUNCATE ON blanks FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- The ledger of their moves, written by the triggers below: debit one account,
-- credit another, 'received' being the account that blanks come from.
CREATE TABLE blank_movements (
    serial      text NOT NULL REFERENCES blanks (serial),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    debited     text NOT NULL,
    credited    text NOT NULL,
    application text,
    attempt     integer
);
CREATE INDEX blank_movements_by_serial ON blank_movements (serial);
-- For the record of destroyed blanks, which asks for the write-offs of some days:
-- few among all the movements there ever were.
CREATE INDEX blank_write_offs ON blank_movements (at, serial) WHERE credited IN ('spoiled', 'destroyed');
-- What was done lately is found without reading what was done before: the ledger grows in the order
-- of its times.
CREATE INDEX blank_movements_by_time ON blank_movements USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
-- How many blanks were taken in a week, which each look at the office asks for, is counted in an
-- index of them alone: of the ledger itself that is a tenth of the pages. Times only grow, so a
-- blank that is taken costs an entry at the index's end.
CREATE INDEX blanks_taken ON blank_movements (at) WHERE credited = 'production';
CREATE TRIGGER keep_movements BEFORE UPDATE OR DELETE OR TRUNCATE ON blank_movements FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- A blank enters stock, is used once, and goes from account to account. One that nothing was written
-- to is given back to stock. One of a card that was counted as missing, and was there after all, is
-- taken back. One in stock that was lost with its station is spoiled without ever having had a card.
CREATE FUNCTION move_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.account <> 'stock' THEN
            RAISE EXCEPTION 'a blank enters stock' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.account IN ('production', 'spoiled') AND NEW.account = 'stock' THEN
        -- Its card has lost it in the same statement, or never was more than begun.
        IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR NEW.given_back <> OLD.given_back + 1 OR OLD.application IS NULL
            OR EXISTS (SELECT FROM cards WHERE blank = OLD.serial AND state NOT IN ('begun', 'prepared') AND NOT (state = 'spoiled' AND unsure)) THEN
            RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR (OLD.application IS NOT NULL AND (NEW.application, NEW.attempt) IS DISTINCT FROM (OLD.application, OLD.attempt)) THEN
        RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
    END IF;
    IF OLD.account = 'stock' AND NEW.account = 'spoiled' THEN
        IF NEW.application IS NOT NULL OR NOT EXISTS (SELECT FROM stations_at_work WHERE id = OLD.location AND removed_at IS NOT NULL) THEN
            RAISE EXCEPTION 'a blank in stock is lost with its station only' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.account <> OLD.account AND (OLD.account, NEW.account) NOT IN (('stock', 'production'), ('production', 'spoiled'), ('production', 'issued'), ('production', 'destroyed'), ('spoiled', 'production'), ('spoiled', 'destroyed'), ('issued', 'destroyed')) THEN
        RAISE EXCEPTION 'a blank cannot go there' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER move_blank BEFORE INSERT OR UPDATE ON blanks FOR EACH ROW EXECUTE FUNCTION move_blank();

-- Every move is in the ledger.
CREATE FUNCTION note_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO blank_movements (serial, debited, credited, application, attempt)
        VALUES (NEW.serial, CASE TG_OP WHEN 'INSERT' THEN 'received' ELSE OLD.account END, NEW.account,
            coalesce(NEW.application, CASE TG_OP WHEN 'UPDATE' THEN OLD.application END),
            coalesce(NEW.attempt, CASE TG_OP WHEN 'UPDATE' THEN OLD.attempt END));
    RETURN NULL;
END $$;
CREATE TRIGGER note_blank_in AFTER INSERT ON blanks FOR EACH ROW EXECUTE FUNCTION note_blank();
CREATE TRIGGER note_blank_move AFTER UPDATE ON blanks FOR EACH ROW WHEN (OLD.account <> NEW.account) EXECUTE FUNCTION note_blank();

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
CREATE CONSTRAINT TRIGGER sign_blank AFTER UPDATE ON blanks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_blank();

-- +goose StatementEnd
