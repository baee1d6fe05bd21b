-- +goose Up
-- +goose StatementBegin

-- The master keys of chips that two officers brought in or made: which key sets come from each,
-- and how. The keys are in the key store. Those that an office has from its beginning, version
-- 7F of makers and 01 of cards, need no line. No two have one key version number, since that is
-- all that a chip tells of its keys.
CREATE TABLE chip_keys (
    version         smallint PRIMARY KEY CONSTRAINT chip_key_version CHECK (version BETWEEN 1 AND 127),
    use             text NOT NULL CONSTRAINT chip_key_use CHECK (use IN ('transport', 'card')),
    bits            smallint NOT NULL CONSTRAINT chip_key_bits CHECK (bits IN (128, 256)),
    diversification text NOT NULL CONSTRAINT chip_key_diversification CHECK (diversification IN ('sp800-108', 'emv-cps', 'none')),
    check_value     bytea NOT NULL CONSTRAINT chip_key_check_value CHECK (length(check_value) = 3),
    from_day        date,
    act             text NOT NULL,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT chip_key_of_cards_has_a_day CHECK ((use = 'card') = (from_day IS NOT NULL)),
    CONSTRAINT chip_key_versions_of_the_beginning CHECK (CASE version WHEN 1 THEN use = 'card' WHEN 127 THEN use = 'transport' ELSE true END)
);
CREATE TRIGGER keep_chip_keys BEFORE UPDATE OR DELETE OR TRUNCATE ON chip_keys FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Which document signers were revoked: what chips that they signed say is not to be believed.
CREATE TABLE revoked_signers (
    serial text PRIMARY KEY CONSTRAINT revoked_signer CHECK (serial ~ '^[1-9a-f][0-9a-f]*$'),
    act    text NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER keep_revoked_signers BEFORE UPDATE OR DELETE OR TRUNCATE ON revoked_signers FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

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

-- What an officer had changed in the chip of a card that was issued: ordered by an act, and
-- done when the card is in a reader. What is written to it is sealed: a document has 28 bytes
-- more then, and one that is to hold nothing cannot be written.
CREATE TABLE card_orders (
    act         text PRIMARY KEY,
    officer     text NOT NULL,
    application text NOT NULL,
    attempt     integer NOT NULL,
    number      integer NOT NULL, -- of the card's orders
    what        text NOT NULL CONSTRAINT card_order_what CHECK (what IN ('unblock-signature', 'rotate-keys', 'update-application')),
    of          text NOT NULL, -- the card application; empty: the card
    sealed      bytea,
    at          timestamptz NOT NULL DEFAULT now(),
    done_at     timestamptz,
    CONSTRAINT order_of_card UNIQUE (application, attempt, number),
    FOREIGN KEY (application, attempt) REFERENCES cards (application, attempt),
    CONSTRAINT order_is_signed FOREIGN KEY (act, officer) REFERENCES acts (id, officer),
    CONSTRAINT order_has_content CHECK (
        CASE what WHEN 'rotate-keys' THEN sealed IS NULL ELSE coalesce(octet_length(sealed), 0) > 28 END
    )
);
-- A later document takes the place of one that was not written to the card yet, or never can be.
CREATE UNIQUE INDEX one_open_order_of_a_kind ON card_orders (application, attempt, what, of) WHERE done_at IS NULL AND what <> 'update-application';
CREATE TRIGGER keep_card_orders BEFORE TRUNCATE ON card_orders FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Two officers brought it in or made it.
CREATE FUNCTION sign_chip_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.txid = pg_current_xact_id()::text::bigint
        AND a.act = CASE NEW.use WHEN 'transport' THEN 'import-transport-key' ELSE 'make-chip-master' END) THEN
        PERFORM refuse_unsigned('chip_key_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_chip_key AFTER INSERT ON chip_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_chip_key();

-- A document signer is revoked by an act.
CREATE FUNCTION sign_revoked_signer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.act = 'revoke-signer' AND a.txid = pg_current_xact_id()::text::bigint) THEN
        PERFORM refuse_unsigned('revocation_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_revoked_signer AFTER INSERT ON revoked_signers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_revoked_signer();

-- A certificate stays as it was issued; it is superseded once.
CREATE FUNCTION keep_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.superseded_at IS NOT NULL OR NEW.superseded_at IS NULL
        OR (NEW.serial, NEW.application, NEW.attempt, NEW.station, NEW.digest, NEW.sealed, NEW.issued_at)
            IS DISTINCT FROM (OLD.serial, OLD.application, OLD.attempt, OLD.station, OLD.digest, OLD.sealed, OLD.issued_at) THEN
        RAISE EXCEPTION 'certificates are kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'certificates_are_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_certificate BEFORE UPDATE OR DELETE ON signature_certificates FOR EACH ROW EXECUTE FUNCTION keep_certificate();

-- An order stays as it was signed; it is done once.
CREATE FUNCTION keep_card_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.done_at IS NOT NULL OR NEW.done_at IS NULL
        OR (NEW.act, NEW.officer, NEW.application, NEW.attempt, NEW.number, NEW.what, NEW.of, NEW.sealed, NEW.at)
            IS DISTINCT FROM (OLD.act, OLD.officer, OLD.application, OLD.attempt, OLD.number, OLD.what, OLD.of, OLD.sealed, OLD.at) THEN
        RAISE EXCEPTION 'orders are kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'card_orders_are_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_card_order BEFORE UPDATE OR DELETE ON card_orders FOR EACH ROW EXECUTE FUNCTION keep_card_order();

-- +goose StatementEnd
