-- +goose Up

-- Whoever granted a card did so to whom was known then. Who is said to be somebody else after that,
-- or none of those who were found, is so by two officers: the second sees what the first one said.
-- +goose StatementBegin
CREATE FUNCTION identified_alone(whose text) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH granted AS (
        SELECT at FROM decisions WHERE application = whose AND step = 'approve'
    ), said AS (
        SELECT i.round, i.person, i.not_these, d.officer FROM granted g JOIN identifications i ON i.application = whose
        JOIN decisions d ON d.application = whose AND d.step = 'identify' AND d.round = i.round AND d.at > g.at
    ), last AS (
        SELECT * FROM said ORDER BY round DESC LIMIT 1
    )
    SELECT EXISTS (
        SELECT FROM last l WHERE NOT EXISTS (SELECT FROM said s WHERE s.officer <> l.officer AND s.person = l.person AND (l.person <> '' OR s.not_these @> l.not_these))
            AND NOT EXISTS (SELECT FROM applications a JOIN person_numbers n ON n.citizen = a.citizen WHERE a.number = whose AND n.person = l.person))
$$;

CREATE FUNCTION identified_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF identified_alone(NEW.number) THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER identified_by_two AFTER UPDATE OF stage ON applications FOR EACH ROW
    WHEN (OLD.stage = 'Validation' AND NEW.stage IN ('Deduplication', 'Approval')) EXECUTE FUNCTION identified_by_two();
