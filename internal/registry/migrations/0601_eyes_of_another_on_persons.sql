-- +goose Up

-- Who says whether two persons are one, or which person an applicant is, says it of applications of
-- both: whoever enrolled or captured one of them is not asked, as no adjudicator is (0514).
CREATE FUNCTION enrolled_one_of(persons text[], by_officer text, besides text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = ANY(persons) AND a.number <> besides AND (a.officer = by_officer OR captured_by(a.number, by_officer)))
$$;

-- +goose StatementBegin
CREATE FUNCTION identified_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM decisions d WHERE d.application = NEW.application AND d.step = 'identify' AND d.round = NEW.round
        AND enrolled_one_of(array_append(NEW.not_these, NEW.person), d.officer, NEW.application))
    THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_persons';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION merged_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF enrolled_one_of(ARRAY[substr(NEW.subject, length('person/') + 1), convert_from(NEW.statement, 'UTF8')::jsonb -> 'content' ->> 'Other'], NEW.officer, '') THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_persons';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER identified_by_another AFTER INSERT ON identifications FOR EACH ROW EXECUTE FUNCTION identified_by_another();
-- After record_by_another, by its name: of an open application that one speaks.
CREATE TRIGGER told_by_another BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.act = 'merge-persons') EXECUTE FUNCTION merged_by_another();

-- For auditors, who see no persons: who said so of one whose application that officer had enrolled or
-- captured, since that is refused. It looks at the numbers that packets brought: which ones were found
-- later, and when, nothing keeps.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION persons_by_another_since() RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L', format('SELECT %L::timestamptz', now()));
END $$;
-- +goose StatementEnd
CREATE FUNCTION told_by_who_enrolled(since timestamptz) RETURNS TABLE (person text, officer text, application text) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    WITH told AS (
        SELECT w.officer, w.at, ARRAY[substr(w.subject, length('person/') + 1), convert_from(w.statement, 'UTF8')::jsonb -> 'content' ->> 'Other'] AS persons, '' AS besides
        FROM acts w WHERE w.act = 'merge-persons'
        UNION ALL SELECT d.officer, i.at, array_append(i.not_these, i.person), i.application
        FROM identifications i JOIN decisions d ON d.application = i.application AND d.step = 'identify' AND d.round = i.round
    )
    SELECT c.id, t.officer, a.number FROM told t
    JOIN citizens c ON c.id = ANY(t.persons)
    JOIN applications a ON a.citizen = c.citizen AND a.sealed_number IS NULL AND a.received_at < t.at AND a.number <> t.besides
    WHERE t.at >= since AND t.at >= persons_by_another_since() AND (a.officer = t.officer
        OR EXISTS (SELECT FROM decisions r WHERE r.application = a.number AND r.step = 'recapture' AND r.officer = t.officer AND r.at < t.at))
    ORDER BY t.at, c.id
$$;
