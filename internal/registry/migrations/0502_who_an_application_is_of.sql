-- +goose Up

-- Whether an application is filed under a number of that person, or of whom the person leads to: what
-- an auditor asks of an entry of the trail, who sees no number and no digest of one.
CREATE FUNCTION is_of_person(whose text, who text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM applications a JOIN person_numbers n ON n.citizen = a.citizen
        WHERE a.number = whose AND n.person IN (SELECT who UNION ALL SELECT same_as FROM citizens WHERE id = who))
$$;

-- Which card of an application is being made is counted from the first; 0: none yet.
ALTER TABLE applications ADD CONSTRAINT attempt_is_counted CHECK (attempt >= 0) NOT VALID;
