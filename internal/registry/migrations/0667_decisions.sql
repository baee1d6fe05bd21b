-- +goose Up
-- +goose StatementBegin

-- What people decided, each by a statement that they signed. Whose application it is and the
-- stage at which it was decided are copied here, so that the database itself holds four eyes.
CREATE TABLE decisions (
    application text NOT NULL REFERENCES applications (number),
    step        text NOT NULL CONSTRAINT decision_step CHECK (step IN ('recapture', 'adjudicate', 'approve', 'reject', 'hold', 'release', 'withdraw', 'identify')),
    round       integer NOT NULL,
    stage       text NOT NULL DEFAULT '', -- at which it was taken
    officer     text NOT NULL CONSTRAINT decision_officer CHECK (officer <> ''),
    enrolled_by text NOT NULL, -- who enrolled the application
    request     text NOT NULL DEFAULT '', -- the act, by the identifier that its client chose: asking again is answered by what was decided
    verdict     text NOT NULL DEFAULT '',
    reason      text NOT NULL DEFAULT '',
    for_citizen boolean NOT NULL DEFAULT false, -- of a hold: it waits for the citizen's part
    paper       text NOT NULL DEFAULT '', -- that an approval saw, of somebody whom the population register did not have
    at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT four_eyes CHECK (step NOT IN ('approve', 'reject', 'adjudicate') OR officer <> enrolled_by),
    PRIMARY KEY (application, step, round),
    CONSTRAINT decision_is_signed FOREIGN KEY (request, officer) REFERENCES acts (id, officer),
    CONSTRAINT four_eyes_on_the_person CHECK (step <> 'identify' OR officer <> enrolled_by),
    CONSTRAINT four_eyes_on_holds CHECK (step NOT IN ('hold', 'release') OR officer <> enrolled_by),
    CONSTRAINT decision_paper CHECK (paper = '' OR step = 'approve')
);
CREATE UNIQUE INDEX one_decision_per_request ON decisions (application, request) WHERE request <> '';

-- Whom an officer took the applicant for, or whom the applicant is not.
CREATE TABLE identifications (
    application text NOT NULL REFERENCES applications (number),
    round       integer NOT NULL,
    person      text NOT NULL DEFAULT '', -- empty: none of those who were found
    not_these   text[] NOT NULL,
    paper       text NOT NULL DEFAULT '', -- that proves a person who is nowhere
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application, round)
);
CREATE TRIGGER keep_identifications BEFORE UPDATE OR DELETE OR TRUNCATE ON identifications FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Who enrolled, and the stage at which was decided, are the application's, whatever a decision says:
-- four eyes, and one verdict at Approval, are constraints on them.
CREATE FUNCTION know_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT a.officer, a.stage INTO NEW.enrolled_by, NEW.stage FROM applications a WHERE a.number = NEW.application;
    RETURN NEW;
END $$;
CREATE TRIGGER know_application BEFORE INSERT ON decisions FOR EACH ROW EXECUTE FUNCTION know_application();

-- Whoever captured an application anew chose the face and the fingers of its card, as who enrolled it
-- did: another officer decides on it, and hands its card over without the holder's finger.
CREATE FUNCTION captured_by(whose text, by_officer text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM decisions WHERE application = whose AND step = 'recapture' AND officer = by_officer)
$$;

-- Whoever captured an application anew decides no more on it than who enrolled it. Who adjudicates
-- says of two applications whether they are one person's: whoever enrolled or captured either of them
-- is not asked.
CREATE FUNCTION decided_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF captured_by(NEW.application, NEW.officer) THEN
        RAISE EXCEPTION 'whoever captured' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_captures';
    END IF;
    IF NEW.step = 'adjudicate' AND EXISTS (
        SELECT FROM findings f CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(f.found -> 'Hits') WHEN 'array' THEN f.found -> 'Hits' ELSE '[]' END) AS hit (number)
        JOIN applications a ON a.number = hit.number
        WHERE f.application = NEW.application AND f.stage = 'Deduplication' AND (a.officer = NEW.officer OR captured_by(a.number, NEW.officer)))
    THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_hits';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_by_another BEFORE INSERT ON decisions FOR EACH ROW
    WHEN (NEW.step IN ('approve', 'reject', 'adjudicate', 'identify', 'hold', 'release')) EXECUTE FUNCTION decided_by_another();

-- An approval counts for what its officer saw: its round is one more than how often an officer had
-- said by then whose the application is. After a later word it counts no more, and neither does the
-- paper that it names; the application is approved anew. In PL/pgSQL, as approved_by: they are asked
-- for each stage.
CREATE FUNCTION approval_round(of_application text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN 1 + (SELECT count(*)::integer FROM decisions d WHERE d.application = of_application AND d.step = 'identify');
END $$;

-- Who approved what the application is now; null: nobody.
CREATE FUNCTION approved_by(of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_round CONSTANT integer := approval_round(of_application);
BEGIN
    RETURN (SELECT d.officer FROM decisions d WHERE d.application = of_application AND d.step = 'approve' AND d.round = now_round);
END $$;

-- Whoever said whose an application is does not grant it, nor the other way round: the person who is
-- given a card is seen by two officers beside who enrolled. Nor does whoever adjudicated. At Approval
-- there is one verdict on what was seen. All take turns at the application.
CREATE FUNCTION approved_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    besides text;
BEGIN
    PERFORM FROM applications WHERE number = NEW.application FOR NO KEY UPDATE;
    SELECT step INTO besides FROM decisions WHERE application = NEW.application AND officer = NEW.officer
        AND CASE NEW.step WHEN 'approve' THEN step IN ('identify', 'adjudicate') WHEN 'reject' THEN false ELSE step = 'approve' END LIMIT 1;
    IF 'adjudicate' IN (NEW.step, besides) AND besides IS NOT NULL THEN
        RAISE EXCEPTION 'whoever adjudicated' USING ERRCODE = 'check_violation', CONSTRAINT = 'adjudicator_does_not_approve';
    ELSIF besides IS NOT NULL THEN
        RAISE EXCEPTION 'whoever identified' USING ERRCODE = 'check_violation', CONSTRAINT = 'identifier_does_not_approve';
    END IF;
    IF NEW.step = 'approve' AND NEW.round <> approval_round(NEW.application)
        AND NOT EXISTS (SELECT FROM applications WHERE number = NEW.application AND officer = NEW.officer) THEN -- whom four_eyes refuses
        RAISE EXCEPTION 'identified meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_of_now';
    END IF;
    IF NEW.stage = 'Approval' AND (NEW.step = 'approve' AND EXISTS (SELECT FROM decisions WHERE application = NEW.application AND step = 'reject' AND stage = 'Approval')
        OR NEW.step = 'reject' AND approved_by(NEW.application) IS NOT NULL)
    THEN
        RAISE EXCEPTION 'decided before' USING ERRCODE = 'check_violation', CONSTRAINT = 'one_verdict_at_approval';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approved_by_another BEFORE INSERT ON decisions FOR EACH ROW
    WHEN (NEW.step IN ('approve', 'reject', 'adjudicate', 'identify')) EXECUTE FUNCTION approved_by_another();

-- The paper by which an application's person may be registered; null: no officer granted that, or
-- not since it was said last whose it is.
CREATE FUNCTION registration_paper(of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(d.paper, ''), (
        SELECT i.paper FROM identifications i WHERE i.application = of_application AND i.person = '' AND i.paper <> '' ORDER BY i.round DESC LIMIT 1))
    FROM decisions d WHERE d.application = of_application AND d.step = 'approve' AND d.round = approval_round(of_application)
$$;

-- Somebody whom the population register did not have enters it by an officer's act: whoever approved
-- the application saw the paper that proves the person, or whoever said before that the applicant is
-- none of those who were found. An application that is another office's is asked about there.
CREATE FUNCTION registered_by_an_officer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at_stage text := (SELECT stage FROM applications WHERE number = NEW.registered_for FOR NO KEY UPDATE);
BEGIN
    IF at_stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired') OR at_stage IS NOT NULL AND registration_paper(NEW.registered_for) IS NULL THEN
        RAISE EXCEPTION 'no officer has granted that' USING ERRCODE = 'check_violation', CONSTRAINT = 'registered_by_an_officer';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registered_by_an_officer BEFORE INSERT ON citizens FOR EACH ROW WHEN (NEW.registered_for IS NOT NULL) EXECUTE FUNCTION registered_by_an_officer();

-- Who says whether two persons are one, or which person an applicant is, says it of applications of
-- both: whoever enrolled or captured one of them is not asked, as no adjudicator is.
CREATE FUNCTION enrolled_one_of(persons text[], by_officer text, besides text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = ANY(persons) AND a.number <> besides AND (a.officer = by_officer OR captured_by(a.number, by_officer)))
$$;

-- So of whom an applicant was said to be.
CREATE FUNCTION identified_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM decisions d WHERE d.application = NEW.application AND d.step = 'identify' AND d.round = NEW.round
        AND enrolled_one_of(array_append(NEW.not_these, NEW.person), d.officer, NEW.application))
    THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_persons';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER identified_by_another AFTER INSERT ON identifications FOR EACH ROW EXECUTE FUNCTION identified_by_another();

-- So of two persons that were made one.
CREATE FUNCTION merged_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF enrolled_one_of(ARRAY[substr(NEW.subject, length('person/') + 1), convert_from(NEW.statement, 'UTF8')::jsonb -> 'content' ->> 'Other'], NEW.officer, '') THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_persons';
    END IF;
    RETURN NEW;
END $$;
-- After record_by_another, by its name: of an open application that one speaks.
CREATE TRIGGER told_by_another BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.act = 'merge-persons') EXECUTE FUNCTION merged_by_another();

-- For auditors, who see no persons: who said so of one whose application that officer had enrolled or
-- captured, since then. It looks at the numbers that packets brought: which ones were found later, and
-- when, nothing keeps.
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
    WHERE t.at >= since AND (a.officer = t.officer
        OR EXISTS (SELECT FROM decisions r WHERE r.application = a.number AND r.step = 'recapture' AND r.officer = t.officer AND r.at < t.at))
    ORDER BY t.at, c.id
$$;

-- +goose StatementEnd
