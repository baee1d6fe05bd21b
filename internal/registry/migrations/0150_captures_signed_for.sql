-- +goose Up

-- Which files were captured last, as package statement computes it: what the officer of a
-- recapture signs for. Null before any were.
ALTER TABLE applications ADD COLUMN captured bytea;
