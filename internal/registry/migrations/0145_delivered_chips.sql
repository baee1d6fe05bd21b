-- +goose Up

-- What the maker's manifest says of a blank, if it came with one: the serial of its chip, and
-- the key version number of the key set that it is delivered with. Stations write to that
-- chip only.
ALTER TABLE blanks ADD COLUMN chip text CONSTRAINT blank_chip CHECK (chip ~ '^[0-9a-f]{20}$');
ALTER TABLE blanks ADD COLUMN key_version smallint CONSTRAINT blank_key_version CHECK (key_version BETWEEN 1 AND 127);
ALTER TABLE blanks ADD CONSTRAINT blank_of_a_manifest CHECK ((chip IS NULL) = (key_version IS NULL));
CREATE UNIQUE INDEX one_blank_per_chip ON blanks (chip) WHERE chip IS NOT NULL;
