-- +goose Up
-- +goose StatementBegin

-- A name or a place as it is searched for: without case, tones and marks of letters.
CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT translate(lower(regexp_replace(normalize(t, NFD), '[\u0300-\u036f]', '', 'g')), 'đ', 'd') $$;

-- The built-in population register: who is known, as the State has it, each person once, by an
-- identifier that says nothing of the person and stands in addresses and statements. What a card
-- is prepared from is pinned by the version of the record. A person who was in the register twice,
-- under two numbers, has one record that stands, and the other leads to it, with every number
-- that it had; those are canceled. The register may serve other offices, and this office's own may
-- be elsewhere: then persons stand in no table here.
CREATE TABLE citizens (
    id             text NOT NULL DEFAULT upper(left(replace(gen_random_uuid()::text, '-', ''), 20)) CONSTRAINT one_citizen_per_id UNIQUE,
    number         text PRIMARY KEY CONSTRAINT citizen_number CHECK (number ~ '^[0-9]{12}$'),
    citizen        bytea NOT NULL CONSTRAINT one_citizen_per_digest UNIQUE CONSTRAINT citizen_digest CHECK (length(citizen) = 32), -- by which applications and cards name them
    person         jsonb NOT NULL,
    version        integer NOT NULL DEFAULT 1, -- of the record
    status         text NOT NULL CONSTRAINT citizen_status CHECK (status IN ('alive', 'deceased', 'emigrated', 'nationality-lost')),
    status_on      date, -- since when; null: alive from birth on
    same_as        text REFERENCES citizens (id), -- the record that stands; null: this one
    identity_key   bytea CONSTRAINT one_registration_per_identity UNIQUE, -- digest of whom an application registered; null: imported
    registered_for text CONSTRAINT one_registration_per_application UNIQUE, -- an application, which may be another office's
    name_key       text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(folded(person -> 'Name' ->> 'Text'), '')) STORED, -- as it is searched for
    birth          text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(person ->> 'Birth', '')) STORED,
    CONSTRAINT same_as_another CHECK (same_as <> id)
);
CREATE INDEX citizens_found_twice ON citizens (same_as) WHERE same_as IS NOT NULL;
-- Whoever is likely to be a person is found from these indexes alone, however many have the
-- name: the records are read of those who are left.
CREATE INDEX citizens_named ON citizens (name_key, birth) INCLUDE (id) WHERE same_as IS NULL;
CREATE INDEX citizens_born ON citizens (birth, name_key) INCLUDE (id) WHERE same_as IS NULL;
CREATE INDEX citizens_of_parents ON citizens (folded(person -> 'Mother' ->> 'Text'), folded(person -> 'Father' ->> 'Text')) WHERE same_as IS NULL;
-- Whose birth and one parent were mistyped is found by name and the other parent.
CREATE INDEX citizens_of_mother ON citizens (name_key, folded(person -> 'Mother' ->> 'Text')) WHERE same_as IS NULL;
CREATE INDEX citizens_of_father ON citizens (name_key, folded(person -> 'Father' ->> 'Text')) WHERE same_as IS NULL;
-- The citizens' page reads whose the number is, and that person's birth, in indexes alone.
CREATE INDEX citizens_births ON citizens (id) INCLUDE (birth);

-- Every number that a person has or had. The current one stands in citizens too; one that
-- was given is nobody else's for ever, and a canceled one leads to its person.
CREATE TABLE person_numbers (
    number      text PRIMARY KEY CONSTRAINT person_number CHECK (number ~ '^[0-9]{12}$'),
    citizen     bytea NOT NULL CONSTRAINT person_number_digest CHECK (length(citizen) = 32), -- by which applications and cards name it
    person      text NOT NULL REFERENCES citizens (id),
    given_at    timestamptz NOT NULL DEFAULT now(),
    canceled_at timestamptz,
    CONSTRAINT person_numbers_citizen_key UNIQUE (citizen) INCLUDE (person)
);
CREATE INDEX person_numbers_by_person ON person_numbers (person);
CREATE UNIQUE INDEX one_current_number_per_person ON person_numbers (person) WHERE canceled_at IS NULL;

-- What was done to whose record: by whom, why, on which paper, and what it was before and
-- after. Of persons of a register elsewhere that is noted without what they were before and
-- after, which that register has.
CREATE TABLE person_changes (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person    text NOT NULL,
    citizen   text GENERATED ALWAYS AS (CASE WHEN after IS NOT NULL THEN person END) STORED REFERENCES citizens (id), -- null: of a register elsewhere
    version   integer NOT NULL,
    at        timestamptz NOT NULL DEFAULT now(),
    change    text NOT NULL CONSTRAINT person_change CHECK (change IN ('registered', 'corrected', 'marked', 'renumbered', 'merged')),
    actor     text NOT NULL,
    act       text, -- null: the system's
    paper     text NOT NULL CONSTRAINT person_change_has_paper CHECK (paper <> ''),
    reason    text NOT NULL DEFAULT '',
    before    jsonb,
    after     jsonb,
    digest    bytea, -- of what its officer signed for
    erased_at timestamptz, -- null: it has what was before and after
    CONSTRAINT person_change_has_act CHECK (act IS NOT NULL OR actor = 'system'),
    CONSTRAINT person_change_is_signed FOREIGN KEY (act, actor) REFERENCES acts (id, officer),
    CONSTRAINT person_change_elsewhere CHECK (after IS NOT NULL OR before IS NULL)
);
CREATE INDEX person_changes_by_person ON person_changes (person, seq);
CREATE INDEX person_changes_by_act ON person_changes (act) WHERE act IS NOT NULL;
CREATE INDEX person_changes_to_erase ON person_changes (at) WHERE erased_at IS NULL AND after IS NOT NULL;
CREATE TRIGGER keep_person_changes BEFORE DELETE OR TRUNCATE ON person_changes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- What another population register than the one here says of who holds a card or waits for
-- one, where it says that the person can have none: by the digest of the number, since whoever
-- is in that register alone is not in citizens.
CREATE TABLE holders (
    citizen bytea PRIMARY KEY CONSTRAINT holder_digest CHECK (length(citizen) = 32),
    status  text NOT NULL CONSTRAINT holder_status CHECK (status IN ('alive', 'deceased', 'emigrated', 'nationality-lost')),
    at      timestamptz NOT NULL DEFAULT now()
);

-- Numbers are given and canceled by this trigger alone, as its owner.
CREATE FUNCTION know_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE person_numbers SET canceled_at = now() WHERE number = OLD.number;
    END IF;
    INSERT INTO person_numbers (number, citizen, person) VALUES (NEW.number, NEW.citizen, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER know_first_number AFTER INSERT ON citizens FOR EACH ROW EXECUTE FUNCTION know_number();
CREATE TRIGGER know_next_number AFTER UPDATE OF number ON citizens FOR EACH ROW WHEN (OLD.number <> NEW.number) EXECUTE FUNCTION know_number();

-- A number that was canceled before its person came into the register here leads to the person too,
-- and is nobody else's: with its digest, which a program computes.
CREATE FUNCTION know_canceled_number(of_number text, digest bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    canceled text;
    whose    text;
    has      text;
BEGIN
    SELECT person ->> 'CancelledNumber', coalesce(same_as, id) INTO canceled, whose FROM citizens WHERE number = of_number;
    IF coalesce(canceled, '') = '' THEN
        RETURN;
    END IF;
    INSERT INTO person_numbers (number, citizen, person, canceled_at) VALUES (canceled, digest, whose, now()) ON CONFLICT (number) DO NOTHING;
    SELECT person INTO has FROM person_numbers WHERE number = canceled;
    IF has <> whose THEN
        RAISE EXCEPTION 'a number is one person''s' USING ERRCODE = 'unique_violation', CONSTRAINT = 'person_numbers_pkey';
    END IF;
END $$;

-- Who is found to be another has that one's record, with every number.
CREATE FUNCTION know_same_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE person_numbers SET person = NEW.same_as, canceled_at = coalesce(canceled_at, now()) WHERE person = NEW.id;
    UPDATE citizens SET same_as = NEW.same_as WHERE same_as = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER know_same_person AFTER UPDATE OF same_as ON citizens FOR EACH ROW
    WHEN (OLD.same_as IS NULL AND NEW.same_as IS NOT NULL) EXECUTE FUNCTION know_same_person();

-- Who has died neither emigrates nor loses nationality: a death that was said wrongly is taken back
-- first, and the person lives.
CREATE FUNCTION keep_death() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the person has died' USING ERRCODE = 'check_violation', CONSTRAINT = 'death_is_taken_back';
END $$;
CREATE TRIGGER keep_death BEFORE UPDATE OF status ON citizens FOR EACH ROW
    WHEN (OLD.status = 'deceased' AND NEW.status NOT IN ('deceased', 'alive')) EXECUTE FUNCTION keep_death();

-- Whether two folded names may be one, of which a letter or a word is another or is missing, or of
-- which the words are the same in another order. Names for which this is false are not; of the
-- others, whoever reads the records judges.
CREATE FUNCTION names_meet(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT split_part(a, ' ', 1) = split_part(b, ' ', 1) OR split_part(a, ' ', -1) = split_part(b, ' ', -1)
        OR abs(length(a) - length(b)) <= 1
            AND (left(a, (length(a) - 1) / 2) = left(b, (length(a) - 1) / 2) OR right(a, (length(a) - 1) / 2) = right(b, (length(a) - 1) / 2))
        OR length(a) = length(b) AND ARRAY(SELECT w FROM unnest(string_to_array(a, ' ')) w ORDER BY w) = ARRAY(SELECT w FROM unnest(string_to_array(b, ' ')) w ORDER BY w)
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

-- Where a person lives or lived, and where the person's numbers begin. Whoever verifies acts
-- sees that much of the register, and no more: it runs as its owner.
CREATE FUNCTION person_provinces(who text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT array_agg(DISTINCT p.province) FROM citizens c CROSS JOIN LATERAL (
        SELECT c.person -> 'Residence' ->> 'Province' AS province
        UNION ALL SELECT h.before -> 'Residence' ->> 'Province' FROM person_changes h WHERE h.person = c.id
        UNION ALL SELECT left(n.number, 3) FROM person_numbers n WHERE n.person = c.id
    ) p WHERE c.id = who
$$;

-- Every number that the person of a number has or had, as digests: what is asked of a person's cards
-- is asked under each of them. In PL/pgSQL, which is planned once in a session: it is asked for each
-- card.
CREATE FUNCTION numbers_of(whose bytea) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN array_append(ARRAY(SELECT o.citizen FROM person_numbers n JOIN person_numbers o ON o.person = n.person WHERE n.citizen = whose), whose);
END $$;

-- Whether a register says of the person of a number that the person can hold no card.
CREATE FUNCTION holds_no_card(whose bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM holders h WHERE h.citizen = whose AND h.status <> 'alive')
        OR EXISTS (SELECT FROM person_numbers n JOIN citizens p ON p.id = n.person WHERE n.citizen = whose AND (p.status <> 'alive' OR p.citizen <> whose))
$$;

-- Of a record the province alone, by which it is seen whether the officer of a change was competent.
CREATE FUNCTION province_alone(record jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN record #>> '{Residence,Province}' IS NULL THEN CASE WHEN record IS NOT NULL THEN '{}'::jsonb END
        ELSE jsonb_build_object('Residence', jsonb_build_object('Province', record #> '{Residence,Province}')) END
$$;

-- A change is final, until what the record was before and after has been kept for its time: then
-- who made it, when, why and on which paper stays, and of the record the province alone.
CREATE FUNCTION keep_person_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL OR NEW.erased_at IS DISTINCT FROM now()
        OR NEW.at >= now() - make_interval(days => (SELECT days FROM retention WHERE stage = 'Changed'))
        OR (NEW.before, NEW.after) IS DISTINCT FROM (province_alone(OLD.before), province_alone(OLD.after))
        OR to_jsonb(NEW) - ARRAY['before', 'after', 'erased_at', 'citizen'] <> to_jsonb(OLD) - ARRAY['before', 'after', 'erased_at', 'citizen'] THEN
        RAISE EXCEPTION 'the ledger is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_person_change BEFORE UPDATE ON person_changes FOR EACH ROW EXECUTE FUNCTION keep_person_change();

-- +goose StatementEnd
