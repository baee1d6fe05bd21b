-- +goose Up

-- What a packet says, its enrolling officer signed: the act that travelled in it. Null in
-- applications of engines before this one, whose stations named the officer. An act stands
-- behind one application.
ALTER TABLE applications
    ADD COLUMN enrolled_act text,
    ADD CONSTRAINT enrollment_is_signed FOREIGN KEY (enrolled_act, officer) REFERENCES acts (id, officer),
    ADD CONSTRAINT one_enrollment_per_act UNIQUE (enrolled_act, officer);

INSERT INTO competences (act, role) VALUES ('enroll', 'enrolling');

-- Whoever enrolled signed it; that he may is what may_act looked at, and refused_act says.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION know_enroller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts WHERE id = NEW.enrolled_act AND officer = NEW.officer AND act = 'enroll' AND subject = 'station/' || NEW.station) THEN
        RAISE EXCEPTION 'enroller' USING ERRCODE = 'check_violation', CONSTRAINT = 'enrolled_by_officer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
