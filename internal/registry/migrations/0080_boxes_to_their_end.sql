-- +goose Up

-- A card that was booked as lost and turned up when it was of no use any more, and
-- where it, or one that was misplaced, is kept until two officers destroy it.
ALTER TABLE cards DROP CONSTRAINT card_state;
ALTER TABLE cards ADD CONSTRAINT card_state CHECK (state IN
    ('prepared', 'begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live', 'revoked', 'spoiled', 'lost', 'found', 'destroyed'));
ALTER TABLE cards ADD COLUMN place text NOT NULL DEFAULT '';

-- Of one application at most one card can be handed over or is in its holder's hand.
CREATE UNIQUE INDEX one_card_in_hand_per_application ON cards (application)
    WHERE state IN ('begun', 'personalized', 'printed', 'inspected', 'packed', 'arrived', 'live');

-- A box that holds nothing is dissolved. What was counted stays as it was said, so that
-- saying it again is answered and saying something else is refused.
ALTER TABLE consignments DROP CONSTRAINT consignment_state;
ALTER TABLE consignments ADD CONSTRAINT consignment_state CHECK (state IN ('open', 'sealed', 'sent', 'received', 'dissolved')),
    ADD COLUMN origin       text NOT NULL DEFAULT '', -- the station that sends it on; empty: the center
    ADD COLUMN counted      integer,
    ADD COLUMN said_missing text[] NOT NULL DEFAULT '{}',
    ADD COLUMN said_surplus text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT consignment_cards CHECK (cards >= 0);
DROP INDEX consignments_under_way;
CREATE INDEX consignments_under_way ON consignments (number) WHERE state NOT IN ('received', 'dissolved');
DROP INDEX consignments_by_receipt;
CREATE INDEX consignments_by_receipt ON consignments (received_at) WHERE state IN ('received', 'dissolved');

-- Cards that were in a box and not on its manifest, and what became of each.
CREATE TABLE surplus_cards (
    consignment text NOT NULL REFERENCES consignments (number),
    named       text NOT NULL CONSTRAINT surplus_named CHECK (length(named) BETWEEN 1 AND 40), -- an application or the serial of a blank, as it was given
    application text,    -- null: unknown
    attempt     integer,
    outcome     text NOT NULL CONSTRAINT surplus_outcome CHECK (outcome IN ('arrived', 'forwarded', 'unwanted', 'counted', 'unclear')),
    note        text NOT NULL DEFAULT '',
    officer     text NOT NULL CONSTRAINT surplus_officer CHECK (officer <> ''),
    at          timestamptz NOT NULL DEFAULT now(),
    settled_by  text NOT NULL DEFAULT '',
    settled_at  timestamptz,
    settlement  text NOT NULL DEFAULT '',
    PRIMARY KEY (consignment, named),
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt),
    CONSTRAINT surplus_settled CHECK ((settled_at IS NULL) = (settled_by = '') AND (settled_at IS NULL) = (settlement = ''))
);
CREATE INDEX surplus_unsettled ON surplus_cards (consignment, named) WHERE outcome = 'unclear' AND settled_at IS NULL;

-- What still has to be destroyed, among all the blanks there ever were.
CREATE INDEX blanks_to_account_for ON blanks (serial) WHERE account IN ('production', 'spoiled');

-- A card that was counted as missing, and was there after all, takes its blank back.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION move_blank() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.account <> 'stock' THEN
            RAISE EXCEPTION 'a blank enters stock' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.account = 'production' AND NEW.account = 'stock' THEN
        -- Its card has lost it in the same statement, or never was more than begun.
        IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR NEW.given_back <> OLD.given_back + 1
            OR EXISTS (SELECT FROM cards WHERE blank = OLD.serial AND state NOT IN ('begun', 'prepared')) THEN
            RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.serial <> OLD.serial OR NEW.box <> OLD.box OR (OLD.application IS NOT NULL AND (NEW.application, NEW.attempt) IS DISTINCT FROM (OLD.application, OLD.attempt)) THEN
        RAISE EXCEPTION 'a blank is used once' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_used_once';
    END IF;
    IF NEW.account <> OLD.account AND (OLD.account, NEW.account) NOT IN (('stock', 'production'), ('production', 'spoiled'), ('production', 'issued'), ('production', 'destroyed'), ('spoiled', 'production'), ('spoiled', 'destroyed'), ('issued', 'destroyed')) THEN
        RAISE EXCEPTION 'a blank cannot go there' USING ERRCODE = 'check_violation', CONSTRAINT = 'blank_transition';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
