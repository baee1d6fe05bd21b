-- +goose Up

-- What became of the old card when this one was handed over, and why it was not received.
ALTER TABLE cards
    ADD COLUMN old_card text NOT NULL DEFAULT '' CONSTRAINT card_old_card CHECK (old_card IN ('', 'received', 'lost', 'kept', 'none')),
    ADD COLUMN old_card_reason text NOT NULL DEFAULT '',
    ADD CONSTRAINT old_card_has_reason CHECK (old_card NOT IN ('lost', 'kept') OR old_card_reason <> '');
