-- +goose Up
-- +goose StatementBegin

-- The gallery of fingerprint templates, in the order in which they were committed: inserts take
-- a lock that they hold to the end of the transaction.
CREATE TABLE gallery (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application text NOT NULL REFERENCES applications (number),
    round       integer NOT NULL,
    CONSTRAINT one_gallery_entry_per_round UNIQUE (application, round)
);

-- What a stage found that needs a person, kept in the transaction that makes the application
-- wait. Done again, the stage finds what it found. A stage without a row either has not ended, or
-- passed: then the application is at a later stage. A capture is searched with more than once:
-- after an adjudicator's verdict, and after an officer's word on whose the application is.
CREATE TABLE findings (
    application text NOT NULL REFERENCES applications (number),
    stage       text NOT NULL,
    round       integer NOT NULL,
    capture     integer, -- with which a search was made
    found       jsonb NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application, stage, round)
);

-- A round of capture that counts keeps its place in the gallery.
CREATE FUNCTION keep_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (signed_now(ARRAY['recapture'], 'application/' || NEW.application)
        OR EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.capture_round < NEW.round)) THEN
        PERFORM refuse_unsigned('evidence_is_final');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER keep_place AFTER UPDATE ON gallery DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_place();

-- What a stage found is of the stage at which the application is, and of a round that it had: counted
-- by what let it go on.
CREATE FUNCTION find_at_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.stage = NEW.stage
        AND NEW.round <= a.capture_round + (SELECT count(*) FROM decisions d WHERE d.application = a.number AND d.step IN ('release', 'recapture', 'identify', 'adjudicate'))) THEN
        PERFORM refuse_unsigned('found_at_stage');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER find_at_stage AFTER INSERT ON findings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION find_at_stage();

-- Which search an application is at: each capture, each word on who the applicant is and each verdict
-- that tells persons apart is followed by another.
CREATE FUNCTION search_round(of_application text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT capture_round FROM applications WHERE number = of_application)
        + (SELECT count(*)::integer FROM decisions d WHERE d.application = of_application
            AND (d.step = 'identify' OR d.step = 'adjudicate' AND d.verdict = 'different persons'));
END $$;

-- What a search found is of the search and the capture that the application is at.
CREATE FUNCTION know_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.round := search_round(NEW.application);
    SELECT a.capture_round INTO NEW.capture FROM applications a WHERE a.number = NEW.application;
    RETURN NEW;
END $$;
CREATE TRIGGER know_search BEFORE INSERT ON findings FOR EACH ROW WHEN (NEW.stage = 'Deduplication') EXECUTE FUNCTION know_search();

-- A verdict is on what was found by now.
CREATE FUNCTION judge_what_was_found() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.round > search_round(NEW.application) THEN
        RAISE EXCEPTION 'not searched yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_is_of_now';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER judge_what_was_found BEFORE INSERT ON decisions FOR EACH ROW WHEN (NEW.step = 'adjudicate') EXECUTE FUNCTION judge_what_was_found();

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

-- The hits of each search with the capture that an application has now, and whether an adjudicator
-- has told the applicant apart from them: in that search, or a later one. What cannot be read is a hit.
CREATE FUNCTION hits_of(whose text) RETURNS TABLE (hit text, judged boolean) LANGUAGE sql STABLE AS $$
    SELECT jsonb_array_elements_text(CASE jsonb_typeof(f.found -> 'Hits') WHEN 'array' THEN f.found -> 'Hits' ELSE '[""]' END),
        EXISTS (SELECT FROM decisions d WHERE d.application = whose AND d.step = 'adjudicate' AND d.verdict = 'different persons' AND d.round >= f.round)
    FROM applications a JOIN findings f ON f.application = a.number AND f.stage = 'Deduplication' AND coalesce(f.capture, f.round) = a.capture_round
    WHERE a.number = whose
$$;

-- Those of others that no adjudicator has judged.
CREATE FUNCTION unjudged_hits(whose text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT other FROM others_than(whose, ARRAY(SELECT hit FROM hits_of(whose) WHERE NOT judged EXCEPT SELECT hit FROM hits_of(whose) WHERE judged), '{}') AS other
$$;

-- For auditors, who see no findings: what is approved, or waits for that, in spite of such a hit.
CREATE FUNCTION approved_unjudged(since timestamptz) RETURNS TABLE (application text, stage text) LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT a.number, a.stage FROM applications a
    WHERE a.received_at >= since AND a.stage IN ('Approval', 'DataPreparation', 'Personalization', 'Printing', 'Inspection', 'Dispatch', 'HandOver')
        AND EXISTS (SELECT FROM findings f WHERE f.application = a.number AND f.stage = 'Deduplication' AND EXISTS (SELECT FROM unjudged_hits(f.application)))
    ORDER BY a.number
$$;

-- +goose StatementEnd
