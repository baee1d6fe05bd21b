-- +goose Up
-- +goose StatementBegin

-- One row for each application. The workflow of that number decides what happens next; this row
-- is where it stands. What says something about a person is sealed with the application's data key
-- (package vault), each value bound to its column and row; what has to be found by a personal
-- number is found by a keyed digest of it, which nobody can compute without the master key.
CREATE TABLE applications (
    number           text PRIMARY KEY,
    station          text NOT NULL REFERENCES stations (id),
    enrollment_id    text NOT NULL,
    officer          text NOT NULL, -- who enrolled
    enrolled_act     text, -- the act that travelled in its packet; one stands behind one application
    digest           bytea NOT NULL CONSTRAINT application_digest CHECK (length(digest) = 32), -- of the packet
    province         text NOT NULL, -- of the station
    type             text NOT NULL,
    ground           text NOT NULL,
    channel          text NOT NULL,
    filed_on         date NOT NULL,
    delivery         text NOT NULL,
    destination      text NOT NULL, -- where its card is sent: the station, or POST
    urgent           boolean NOT NULL,
    notify           text[] NOT NULL DEFAULT '{}' CONSTRAINT application_notify CHECK (notify <@ ARRAY['sms', 'email', 'vneid']), -- of what the citizen agreed to be told by
    needs_capture    boolean, -- whether fingers and a portrait are taken, by what was applied for
    citizen          bytea CONSTRAINT application_citizen CHECK (length(citizen) = 32), -- digest of the personal number; null: none yet
    sealed           bytea NOT NULL, -- person, representative, address of delivery, exemption
    sealed_number    bytea, -- the personal number that was allotted; null: the applicant had one, or has none yet
    law              text NOT NULL, -- the rules of its day, pinned
    form             text NOT NULL,
    processing_days  integer NOT NULL,
    fee              integer NOT NULL, -- VND
    received_at      timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz, -- when its workflow was known to be started
    stage            text NOT NULL,
    entered_at       timestamptz NOT NULL DEFAULT now(), -- when it came to its stage
    awaiting         text NOT NULL DEFAULT '',
    awaiting_why     text NOT NULL DEFAULT '', -- why it waits
    awaiting_since   timestamptz, -- since when it waits for that
    awaiting_until   timestamptz, -- until when it waits for its citizen; null: without end
    due              timestamptz NOT NULL, -- the legal deadline, as moved by holds
    clock_stopped_at timestamptz, -- the legal clock stands still since then; null while it runs
    attempt          integer NOT NULL DEFAULT 0 CONSTRAINT attempt_is_counted CHECK (attempt >= 0), -- the card being made, from 1; 0 before the first
    capture_round    integer NOT NULL DEFAULT 1,
    captured         bytea, -- which files were captured last, as the officer of a recapture signs for them; null before any were
    probes           integer NOT NULL DEFAULT 0, -- fingers laid on the reader at hand-over
    held             boolean NOT NULL DEFAULT false,
    trouble          text NOT NULL DEFAULT '', -- what went wrong last at the station that makes the card; empty while all goes well
    trouble_since    timestamptz,
    reason           text NOT NULL DEFAULT '', -- why it ended
    erased_at        timestamptz, -- null: its key is there
    CONSTRAINT one_application_per_enrollment UNIQUE (station, enrollment_id),
    CONSTRAINT application_stage CHECK (stage IN (
        'Received', 'BiometricCapture', 'Validation', 'Deduplication', 'Approval', 'DataPreparation',
        'Personalization', 'Printing', 'Inspection', 'Dispatch', 'HandOver',
        'Issued', 'Rejected', 'Withdrawn', 'Expired')),
    CONSTRAINT application_awaiting CHECK (awaiting IN (
        '', 'recapture', 'resolution', 'adjudication', 'approval', 'stock', 'production', 'release', 'attention', 'hand-over', 'dispatch', 'receipt')),
    CONSTRAINT one_enrollment_per_act UNIQUE (enrolled_act, officer),
    CONSTRAINT enrollment_is_signed FOREIGN KEY (enrolled_act, officer) REFERENCES acts (id, officer)
);
-- A list costs by what it shows, however many are finished: what is open is found by an index of
-- what is open alone.
CREATE INDEX applications_awaiting ON applications (awaiting, province, received_at) WHERE awaiting <> '';
CREATE INDEX applications_by_receipt ON applications (received_at, number);
CREATE INDEX applications_unstarted ON applications (received_at) WHERE started_at IS NULL;
CREATE INDEX applications_by_stage ON applications (stage, received_at, number);
CREATE INDEX applications_open_by_receipt ON applications (received_at, number) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
-- For the reconciler, which asks what has not ended, and for who waits for a blank.
CREATE INDEX applications_open ON applications (number) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE INDEX applications_in_trouble ON applications (trouble_since) WHERE trouble <> '';
-- One open application per citizen, whatever its ground.
CREATE UNIQUE INDEX one_open_application_per_citizen ON applications (citizen)
    WHERE citizen IS NOT NULL AND stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE INDEX applications_to_erase ON applications (stage, entered_at) WHERE erased_at IS NULL AND stage IN ('Rejected', 'Withdrawn', 'Expired');
CREATE INDEX applications_to_remind ON applications (awaiting_until) WHERE awaiting = 'hand-over';
-- What is late, or soon will be, is found without reading all that is open.
CREATE INDEX applications_by_deadline ON applications (due) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired', 'HandOver');
-- An officer's list is of a province: what has ended there is found without reading what has
-- ended elsewhere. An application is put into this index once, when it ends.
CREATE INDEX applications_ended_by_province ON applications (province, received_at, number) WHERE stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');

-- A number that was allotted is never allotted again, whatever becomes of the application.
CREATE TABLE allotments (
    application text NOT NULL CONSTRAINT one_allotment_per_application UNIQUE REFERENCES applications (number),
    at          timestamptz NOT NULL DEFAULT now(),
    citizen     bytea PRIMARY KEY CONSTRAINT allotment_citizen CHECK (length(citizen) = 32) -- digest of the number
);

-- Whoever enrolled signed it; that he may is what may_act looked at, and refused_act says.
CREATE FUNCTION know_enroller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts WHERE id = NEW.enrolled_act AND officer = NEW.officer AND act = 'enroll' AND subject = 'station/' || NEW.station) THEN
        RAISE EXCEPTION 'enroller' USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolled_by_officer';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER know_enroller BEFORE INSERT ON applications FOR EACH ROW EXECUTE FUNCTION know_enroller();

-- A personal number (số định danh cá nhân), once an application has it, is final, until it is erased;
-- but where officers took the applicant for one person and then for another, as long as it is
-- validated, it is that of the last.
CREATE FUNCTION keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.erased_at IS NOT NULL AND NEW.citizen IS NULL AND NEW.sealed_number IS NOT DISTINCT FROM OLD.sealed_number THEN
        RETURN NEW;
    END IF;
    IF OLD.stage <> 'Validation' OR NEW.citizen IS NULL OR OLD.sealed_number IS NULL OR NEW.sealed_number IS NULL
        OR (SELECT count(DISTINCT person) FROM identifications WHERE application = NEW.number AND person <> '') < 2 THEN
        RAISE EXCEPTION 'a personal number is final' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_final';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_number BEFORE UPDATE OF citizen, sealed_number ON applications FOR EACH ROW
    WHEN (OLD.citizen IS NOT NULL AND (NEW.citizen, NEW.sealed_number) IS DISTINCT FROM (OLD.citizen, OLD.sealed_number)) EXECUTE FUNCTION keep_number();

-- Whether an application is filed under a number of that person, or of whom the person leads to: what
-- an auditor asks of an entry of the trail, who sees no number and no digest of one.
CREATE FUNCTION is_of_person(whose text, who text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM applications a JOIN person_numbers n ON n.citizen = a.citizen
        WHERE a.number = whose AND n.person IN (SELECT who UNION ALL SELECT same_as FROM citizens WHERE id = who))
$$;

-- One open application per citizen, also where it was filed under another of the person's numbers:
-- whoever files at the same moment under both waits for the other. One that has ended is noted as a
-- person's whatever else is open: whoever was found to be somebody of the register applied for a
-- second life.
CREATE FUNCTION one_open_application() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who text := (SELECT person FROM person_numbers WHERE citizen = NEW.citizen);
BEGIN
    IF who IS NULL OR NEW.stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired') THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('applies ' || who, 0));
    IF EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = who AND n.citizen <> NEW.citizen AND a.number <> NEW.number AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired'))
    THEN
        RAISE EXCEPTION 'another application is open' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_open_application_per_citizen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER one_open_application_in BEFORE INSERT ON applications FOR EACH ROW WHEN (NEW.citizen IS NOT NULL) EXECUTE FUNCTION one_open_application();
CREATE TRIGGER one_open_application BEFORE UPDATE OF citizen ON applications FOR EACH ROW
    WHEN (OLD.citizen IS DISTINCT FROM NEW.citizen AND NEW.citizen IS NOT NULL) EXECUTE FUNCTION one_open_application();

-- Whoever enrolled somebody does not make the population register agree with it, for as long as
-- the application is open.
CREATE FUNCTION record_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM person_numbers n JOIN applications a ON a.citizen = n.citizen
        WHERE n.person = substr(NEW.subject, length('person/') + 1) AND a.officer = NEW.officer AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired')) THEN
        RAISE EXCEPTION 'whoever enrolled' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_the_record';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER record_by_another BEFORE INSERT ON acts FOR EACH ROW
    WHEN (NEW.act IN ('correct-person', 'renumber-person', 'merge-persons', 'mark-person')) EXECUTE FUNCTION record_by_another();

-- When an application came to its stage is the database's word: it follows the stage, and no
-- program chooses it.
CREATE FUNCTION enter_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.entered_at := CASE WHEN NEW.stage <> OLD.stage OR NEW.entered_at = now() THEN now() ELSE OLD.entered_at END;
    RETURN NEW;
END $$;
CREATE TRIGGER enter_now BEFORE UPDATE OF stage, entered_at ON applications FOR EACH ROW
    WHEN (NEW.stage <> OLD.stage OR NEW.entered_at <> OLD.entered_at) EXECUTE FUNCTION enter_now();

-- Until when an application waits is settled when its wait begins, and gets no earlier while it lasts.
CREATE FUNCTION keep_wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.stage = OLD.stage AND NEW.awaiting IN ('', OLD.awaiting) AND OLD.awaiting_until IS NOT NULL THEN
        IF NEW.awaiting_until IS NULL OR NEW.awaiting_until < OLD.awaiting_until THEN
            RAISE EXCEPTION 'the wait lasts longer' USING ERRCODE = 'check_violation', CONSTRAINT = 'wait_is_kept';
        END IF;
    ELSIF NEW.awaiting_until IS NOT NULL THEN
        NEW.awaiting_until := greatest(NEW.awaiting_until, now() + (SELECT least FROM least_waits WHERE awaiting = NEW.awaiting));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_wait BEFORE UPDATE OF stage, awaiting, awaiting_until ON applications FOR EACH ROW
    WHEN ((NEW.awaiting, NEW.awaiting_until) IS DISTINCT FROM (OLD.awaiting, OLD.awaiting_until)) EXECUTE FUNCTION keep_wait();

-- How long a citizen has at least, by what an application waits for: the office's settings, which
-- the schema's owner writes (registry.Migrate). A program gives as long, or longer.
CREATE TABLE least_waits (
    awaiting text PRIMARY KEY CONSTRAINT least_wait_awaiting CHECK (awaiting IN ('recapture', 'resolution', 'hand-over')),
    least    interval NOT NULL CONSTRAINT least_wait_lasts CHECK (least > interval '0')
);

-- How often a finger was laid on the reader only grows: a try is none that was before, and each that
-- failed is in the trail by itself, where they are limited.
CREATE FUNCTION count_probes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tries are counted on' USING ERRCODE = 'check_violation', CONSTRAINT = 'probes_are_counted_on';
END $$;
CREATE TRIGGER count_probes_on BEFORE UPDATE OF probes ON applications FOR EACH ROW WHEN (NEW.probes < OLD.probes) EXECUTE FUNCTION count_probes_on();

-- An application is held and let go on, photographed again, given more time, and ends with a
-- card in the holder's hand, by what officers sign.
CREATE FUNCTION sign_standing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about   text := 'application/' || NEW.number;
    decided boolean := EXISTS (SELECT FROM acts a JOIN decisions d ON d.application = NEW.number AND d.request = a.id
        WHERE a.subject = about AND a.txid = pg_current_xact_id()::text::bigint);
BEGIN
    IF NEW.held <> OLD.held AND NOT signed_now(ARRAY[CASE WHEN NEW.held THEN 'hold' ELSE 'release' END], about)
        OR NEW.capture_round <> OLD.capture_round AND NOT signed_now(ARRAY['recapture'], about)
        OR NEW.due <> OLD.due AND NOT decided
        OR NEW.clock_stopped_at IS DISTINCT FROM OLD.clock_stopped_at AND NOT decided AND (OLD.clock_stopped_at IS NOT NULL OR NOT coalesce(NEW.clock_stopped_at >= NEW.awaiting_since, false))
        OR NEW.stage <> OLD.stage AND NEW.stage = 'Issued' AND NOT signed_now(ARRAY['hand-over'], about) THEN
        PERFORM refuse_unsigned('standing_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_standing AFTER UPDATE OF held, capture_round, due, clock_stopped_at, stage ON applications DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.held <> OLD.held OR NEW.capture_round <> OLD.capture_round OR NEW.due <> OLD.due OR NEW.clock_stopped_at IS DISTINCT FROM OLD.clock_stopped_at OR NEW.stage <> OLD.stage AND NEW.stage = 'Issued')
    EXECUTE FUNCTION sign_standing();

-- An application goes on by what was found at its stage, or what people decided, and not by what a
-- workflow was told when it was begun, or somebody with the programs' password would have. Nothing
-- expires before the time that was kept when its wait began.
CREATE FUNCTION earn_stage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earned boolean;
BEGIN
    CASE NEW.stage
        WHEN 'Received' THEN
            earned := false;
        WHEN 'BiometricCapture' THEN
            earned := OLD.stage IN ('Received', 'DataPreparation');
        WHEN 'Validation' THEN
            earned := OLD.stage = 'Received' AND NEW.needs_capture IS NOT TRUE OR OLD.stage IN ('BiometricCapture', 'DataPreparation');
        WHEN 'Deduplication' THEN
            earned := OLD.stage = 'Validation';
        WHEN 'Approval' THEN
            earned := OLD.stage = 'Validation' AND NEW.needs_capture IS NOT TRUE AND NEW.capture_round = 1 OR OLD.stage = 'Deduplication';
        WHEN 'Rejected' THEN
            earned := EXISTS (SELECT FROM decisions d WHERE d.application = NEW.number AND (d.step = 'reject' OR d.step = 'adjudicate' AND d.verdict = 'same person'));
        WHEN 'Withdrawn' THEN
            earned := EXISTS (SELECT FROM decisions d WHERE d.application = NEW.number AND d.step = 'withdraw');
        WHEN 'Expired' THEN
            earned := OLD.awaiting IN ('recapture', 'resolution', 'hand-over') AND OLD.awaiting_until < now() + interval '1 minute'
                AND EXISTS (SELECT FROM audit e WHERE e.application = NEW.number AND e.event = 'awaits ' || OLD.awaiting);
        ELSE
            earned := approved_by(NEW.number) IS NOT NULL;
    END CASE;
    IF OLD.stage = 'Deduplication' AND NEW.stage = 'Approval' THEN -- every hit was judged
        earned := earned AND NOT EXISTS (SELECT FROM unjudged_hits(NEW.number));
    ELSIF NEW.stage IN ('Validation', 'Deduplication', 'Approval') THEN -- what was found there that needs a person stands
        earned := earned AND NOT EXISTS (
            SELECT FROM findings f WHERE f.application = NEW.number AND f.stage = OLD.stage AND f.round = CASE f.stage
                WHEN 'Validation' THEN (SELECT count(*) FROM decisions d WHERE d.application = NEW.number AND d.step IN ('release', 'identify'))
                ELSE NEW.capture_round END);
    END IF;
    IF earned IS NOT TRUE THEN
        PERFORM refuse_unsigned('stage_is_earned');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER earn_stage AFTER UPDATE OF stage ON applications FOR EACH ROW WHEN (NEW.stage <> OLD.stage) EXECUTE FUNCTION earn_stage();

-- +goose StatementEnd
