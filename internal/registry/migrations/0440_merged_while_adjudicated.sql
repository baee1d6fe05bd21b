-- +goose Up

-- Of the applications whose fingers were found, those of others than the applicant: under none of
-- the numbers that the person has or had, nor under those.
CREATE FUNCTION others_than(whose text, hits text[], numbers bytea[]) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH own AS (
        SELECT a.citizen FROM applications a WHERE a.number = whose AND a.citizen IS NOT NULL
        UNION SELECT unnest(numbers)
        UNION SELECT o.citizen FROM applications a JOIN person_numbers n ON n.citizen = a.citizen JOIN person_numbers o ON o.person = n.person WHERE a.number = whose
    )
    SELECT h.number FROM unnest(hits) WITH ORDINALITY AS h (number, n) LEFT JOIN applications a ON a.number = h.number
    WHERE NOT EXISTS (SELECT FROM own WHERE own.citizen = a.citizen) ORDER BY h.n
$$;

-- Whether fingers of others were found in that round of capture, who are others still: persons who
-- were merged since are one.
CREATE FUNCTION hits_others(whose text, of_round integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM findings f WHERE f.application = whose AND f.stage = 'Deduplication' AND f.round = of_round
            AND (jsonb_typeof(f.found -> 'Hits') IS DISTINCT FROM 'array'
                OR EXISTS (SELECT FROM others_than(whose, ARRAY(SELECT jsonb_array_elements_text(f.found -> 'Hits')), '{}'))))
$$;
