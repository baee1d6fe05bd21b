-- +goose Up

-- A number that was canceled before its person came into the register here leads to the person too,
-- and is nobody else's: with its digest, which a program computes.
-- +goose StatementBegin
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
-- +goose StatementEnd
