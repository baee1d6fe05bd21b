-- +goose Up

-- By whom a refusal was signed, or in whose name it came, for limits of their own.
ALTER TABLE refused_acts ADD COLUMN source text NOT NULL DEFAULT '';
CREATE INDEX refused_acts_by_source ON refused_acts (source, at);
