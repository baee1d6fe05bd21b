-- +goose Up

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

-- +goose StatementBegin
CREATE FUNCTION sign_chip_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.txid = pg_current_xact_id()::text::bigint
        AND a.act = CASE NEW.use WHEN 'transport' THEN 'import-transport-key' ELSE 'make-chip-master' END) THEN
        PERFORM refuse_unsigned('chip_key_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER sign_chip_key AFTER INSERT ON chip_keys DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_chip_key();

INSERT INTO competences (act, role) VALUES ('import-transport-key', 'keys'), ('make-chip-master', 'keys');
