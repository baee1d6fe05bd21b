-- +goose Up

-- Whoever is likely to be a person is found from these indexes alone, however many have the
-- name: the records are read of those who are left.
CREATE INDEX citizens_named ON citizens (name_key, birth) INCLUDE (id) WHERE same_as IS NULL;
CREATE INDEX citizens_born ON citizens (birth, name_key) INCLUDE (id) WHERE same_as IS NULL;
CREATE INDEX citizens_of_parents ON citizens (folded(person -> 'Mother' ->> 'Text'), folded(person -> 'Father' ->> 'Text')) WHERE same_as IS NULL;
DROP INDEX citizens_by_name;
DROP INDEX citizens_by_birth;

-- Whether two folded names may be one, of which a letter or a word is another or is missing.
-- Names for which this is false are not; of the others, whoever reads the records judges.
CREATE FUNCTION names_meet(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT split_part(a, ' ', 1) = split_part(b, ' ', 1) OR split_part(a, ' ', -1) = split_part(b, ' ', -1)
        OR abs(length(a) - length(b)) <= 1
            AND (left(a, (length(a) - 1) / 2) = left(b, (length(a) - 1) / 2) OR right(a, (length(a) - 1) / 2) = right(b, (length(a) - 1) / 2))
$$;

-- Whether two days of birth, as ISO 8601, may be one: as far as they are known, with day and
-- month exchanged, or with one of the three mistyped.
CREATE FUNCTION births_meet(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT starts_with(a, b) OR starts_with(b, a) OR length(a) = length(b) AND CASE length(a)
        WHEN 4 THEN true
        WHEN 7 THEN left(a, 4) = left(b, 4) OR right(a, 2) = right(b, 2)
        ELSE right(a, 5) = right(b, 5) OR left(a, 4) = left(b, 4) AND
            (substr(a, 6, 2) = substr(b, 6, 2) OR right(a, 2) = right(b, 2) OR substr(a, 6, 2) = right(b, 2) AND right(a, 2) = substr(b, 6, 2))
    END
$$;
