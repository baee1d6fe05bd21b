-- +goose Up

-- The built-in population register: each person once, by an identifier that says nothing
-- of them and stands in addresses and statements. What a card is prepared from is pinned
-- by the version of the record.

-- A name or a place as it is searched for: without case, tones and marks of letters.
-- +goose StatementBegin
CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT translate(lower(regexp_replace(normalize(t, NFD), '[\u0300-\u036f]', '', 'g')), 'đ', 'd') $$;
-- +goose StatementEnd

ALTER TABLE citizens DROP CONSTRAINT citizen_status;
ALTER TABLE citizens
    ADD CONSTRAINT citizen_status CHECK (status IN ('alive', 'deceased', 'emigrated', 'nationality-lost')),
    ADD COLUMN id text NOT NULL DEFAULT upper(left(replace(gen_random_uuid()::text, '-', ''), 20)) CONSTRAINT one_citizen_per_id UNIQUE,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN status_on date, -- since when; null: alive from birth on
    ADD COLUMN identity_key bytea CONSTRAINT one_registration_per_identity UNIQUE, -- digest of whom an application registered; null: imported
    ADD COLUMN registered_for text CONSTRAINT one_registration_per_application UNIQUE REFERENCES applications (number),
    ADD COLUMN name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(folded(person -> 'Name' ->> 'Text'), '')) STORED,
    ADD COLUMN birth text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(person ->> 'Birth', '')) STORED;
CREATE INDEX citizens_by_birth ON citizens (birth);
CREATE INDEX citizens_by_name ON citizens (name_key, birth);

-- Every number that a person has or had. The current one stands in citizens too; one that
-- was given is nobody else's for ever, and a canceled one leads to its person.
CREATE TABLE person_numbers (
    number      text PRIMARY KEY CONSTRAINT person_number CHECK (number ~ '^[0-9]{12}$'),
    citizen     bytea NOT NULL UNIQUE CONSTRAINT person_number_digest CHECK (length(citizen) = 32), -- by which applications and cards name it
    person      text NOT NULL REFERENCES citizens (id),
    given_at    timestamptz NOT NULL DEFAULT now(),
    canceled_at timestamptz
);
CREATE INDEX person_numbers_by_person ON person_numbers (person);
CREATE UNIQUE INDEX one_current_number_per_person ON person_numbers (person) WHERE canceled_at IS NULL;
INSERT INTO person_numbers (number, citizen, person) SELECT number, citizen, id FROM citizens;

-- +goose StatementBegin
CREATE FUNCTION know_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE person_numbers SET canceled_at = now() WHERE number = OLD.number;
    END IF;
    INSERT INTO person_numbers (number, citizen, person) VALUES (NEW.number, NEW.citizen, NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_first_number AFTER INSERT ON citizens FOR EACH ROW EXECUTE FUNCTION know_number();
CREATE TRIGGER know_next_number AFTER UPDATE OF number ON citizens FOR EACH ROW WHEN (OLD.number <> NEW.number) EXECUTE FUNCTION know_number();

-- What was done to whose record: by whom, why, on which paper, and what it was before and
-- after.
CREATE TABLE person_changes (
    person  text NOT NULL REFERENCES citizens (id),
    version integer NOT NULL,
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    change  text NOT NULL CONSTRAINT person_change CHECK (change IN ('registered', 'corrected', 'marked', 'renumbered')),
    actor   text NOT NULL,
    act     text CONSTRAINT person_change_has_act CHECK (act IS NOT NULL OR actor = 'system'),
    paper   text NOT NULL CONSTRAINT person_change_has_paper CHECK (paper <> ''),
    reason  text NOT NULL DEFAULT '',
    before  jsonb,
    after   jsonb NOT NULL,
    digest  bytea, -- of what its officer signed for
    CONSTRAINT person_change_is_signed FOREIGN KEY (act, actor) REFERENCES acts (id, officer)
);
CREATE INDEX person_changes_by_person ON person_changes (person, seq);
CREATE INDEX person_changes_by_act ON person_changes (act) WHERE act IS NOT NULL;
CREATE TRIGGER keep_person_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON person_changes FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

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
ALTER TABLE decisions DROP CONSTRAINT decision_step;
ALTER TABLE decisions ADD CONSTRAINT decision_step CHECK (step IN ('recapture', 'adjudicate', 'approve', 'reject', 'hold', 'release', 'withdraw', 'identify'));
ALTER TABLE decisions ADD CONSTRAINT four_eyes_on_the_person CHECK (step <> 'identify' OR officer <> enrolled_by) NOT VALID;

-- The record that a card was prepared from: whose, and which.
ALTER TABLE cards ADD COLUMN holder text NOT NULL DEFAULT '', ADD COLUMN holder_version text NOT NULL DEFAULT '';

INSERT INTO competences (act, role) VALUES
    ('identify', 'resolving'), ('correct-person', 'resolving'), ('mark-person', 'resolving'), ('renumber-person', 'resolving');

-- Where a person lives or lived, and where the person's numbers begin. Whoever verifies acts
-- sees that much of the register, and no more: it runs as its owner.
CREATE FUNCTION person_provinces(who text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT array_agg(DISTINCT p.province) FROM citizens c CROSS JOIN LATERAL (
        SELECT c.person -> 'Residence' ->> 'Province' AS province
        UNION ALL SELECT h.before -> 'Residence' ->> 'Province' FROM person_changes h WHERE h.person = c.id
        UNION ALL SELECT left(n.number, 3) FROM person_numbers n WHERE n.person = c.id
    ) p WHERE c.id = who
$$;
