-- +goose Up

-- A card of before this engine comes into the books with a line of card_reports, in their chain
-- of codes; any other comes as one that is being made.
ALTER TABLE cards ADD COLUMN of_before boolean NOT NULL DEFAULT true; -- was here before such lines were kept
ALTER TABLE cards ALTER COLUMN of_before SET DEFAULT false;
CREATE INDEX imported_cards ON cards (id) WHERE application IS NULL AND NOT of_before;

-- +goose StatementBegin
CREATE FUNCTION begin_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_unsigned('card_is_signed_for');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER begin_card AFTER INSERT ON cards FOR EACH ROW
    WHEN (NEW.state <> CASE WHEN NEW.application IS NULL THEN 'live' ELSE 'prepared' END) EXECUTE FUNCTION begin_card();
