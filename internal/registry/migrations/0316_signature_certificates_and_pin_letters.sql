-- +goose Up

-- The certificates that were issued for the keys that chips made for their holders' digital
-- signatures. Of each card one counts: its last one. What is said of the holder is sealed.
CREATE TABLE signature_certificates (
    serial        text PRIMARY KEY CONSTRAINT certificate_serial CHECK (serial ~ '^[1-9a-f][0-9a-f]*$'), -- hexadecimal
    application   text NOT NULL,
    attempt       integer NOT NULL,
    station       text NOT NULL,
    digest        bytea NOT NULL CONSTRAINT certificate_digest CHECK (length(digest) = 32), -- SHA-256
    sealed        bytea NOT NULL,
    issued_at     timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt)
);
CREATE UNIQUE INDEX one_certificate_of_each_card ON signature_certificates (application, attempt) WHERE superseded_at IS NULL;

-- +goose StatementBegin
CREATE FUNCTION keep_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.superseded_at IS NOT NULL OR NEW.superseded_at IS NULL
        OR (NEW.serial, NEW.application, NEW.attempt, NEW.station, NEW.digest, NEW.sealed, NEW.issued_at)
            IS DISTINCT FROM (OLD.serial, OLD.application, OLD.attempt, OLD.station, OLD.digest, OLD.sealed, OLD.issued_at) THEN
        RAISE EXCEPTION 'certificates are kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'certificates_are_kept';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_certificate BEFORE UPDATE OR DELETE ON signature_certificates FOR EACH ROW EXECUTE FUNCTION keep_certificate();
CREATE TRIGGER keep_certificates BEFORE TRUNCATE ON signature_certificates FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- The letters with the PINs with which digital signatures are delivered: each is printed once.
CREATE TABLE pin_letters (
    application text NOT NULL,
    attempt     integer NOT NULL,
    officer     text NOT NULL,
    act         text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_letter_of_each_pin PRIMARY KEY (application, attempt),
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt),
    CONSTRAINT letter_is_signed FOREIGN KEY (act, officer) REFERENCES acts (id, officer)
);
CREATE TRIGGER keep_pin_letters BEFORE UPDATE OR DELETE OR TRUNCATE ON pin_letters FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- The center posts them, apart from the cards.
INSERT INTO competences (act, role) VALUES ('print-pin-letter', 'dispatch');
