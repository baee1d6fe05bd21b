-- +goose Up

-- What an officer had changed in the chip of a card that was issued: ordered by an act, and
-- done when the card is in a reader. What is written to it is sealed.
CREATE TABLE card_orders (
    act         text PRIMARY KEY,
    officer     text NOT NULL,
    application text NOT NULL,
    attempt     integer NOT NULL,
    number      integer NOT NULL, -- of the card's orders
    what        text NOT NULL CONSTRAINT card_order_what CHECK (what IN ('unblock-signature', 'rotate-keys', 'update-application')),
    of          text NOT NULL,    -- the card application; empty: the card
    sealed      bytea,
    at          timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz,
    CONSTRAINT order_of_card UNIQUE (application, attempt, number),
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt),
    CONSTRAINT order_is_signed FOREIGN KEY (act, officer) REFERENCES acts (id, officer)
);
CREATE UNIQUE INDEX one_open_order_of_a_kind ON card_orders (application, attempt, what, of) WHERE done_at IS NULL;

-- +goose StatementBegin
CREATE FUNCTION keep_card_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.done_at IS NOT NULL OR NEW.done_at IS NULL
        OR (NEW.act, NEW.officer, NEW.application, NEW.attempt, NEW.number, NEW.what, NEW.of, NEW.sealed, NEW.at)
            IS DISTINCT FROM (OLD.act, OLD.officer, OLD.application, OLD.attempt, OLD.number, OLD.what, OLD.of, OLD.sealed, OLD.at) THEN
        RAISE EXCEPTION 'orders are kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_orders_are_kept';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_card_order BEFORE UPDATE OR DELETE ON card_orders FOR EACH ROW EXECUTE FUNCTION keep_card_order();
CREATE TRIGGER keep_card_orders BEFORE TRUNCATE ON card_orders FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

INSERT INTO competences (act, role) VALUES ('manage-card', 'counter'), ('manage-card', 'resolving'), ('manage-card', 'keys');
