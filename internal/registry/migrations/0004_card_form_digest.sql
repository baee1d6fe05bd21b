-- +goose Up

-- What a card was drawn with: the digest of its form's file, fonts and art. Null for
-- cards that were prepared before it was kept.
ALTER TABLE cards ADD COLUMN digest_form bytea;
