-- +goose Up

-- Whose birth and one parent were mistyped is found by name and the other parent.
CREATE INDEX citizens_of_mother ON citizens (name_key, folded(person -> 'Mother' ->> 'Text')) WHERE same_as IS NULL;
CREATE INDEX citizens_of_father ON citizens (name_key, folded(person -> 'Father' ->> 'Text')) WHERE same_as IS NULL;
