-- +goose Up

-- What the citizens' page asks of a card that was given: whether it is reported lost now.
CREATE INDEX cards_reported_lost ON cards (application) WHERE state = 'reported-lost';
