-- +goose Up
-- +goose StatementBegin

CREATE SEQUENCE status_places;

-- Where each issued card stands in the status lists that verifiers may have of all of them
-- (IETF Token Status List): lists of 2^20 places, sixteen of them to a block. Cards take the
-- places of a block in an order that only its secret tells, so that a place says nothing of
-- when a card was issued, or which is next to it.
CREATE TABLE status_blocks (
    block  integer PRIMARY KEY,
    secret bytea NOT NULL
);

-- Who may ask: banks, the traffic police. The token is theirs; what is kept is its SHA-256.
CREATE TABLE verifiers (
    id         text PRIMARY KEY CONSTRAINT verifier_id CHECK (id ~ '^[A-Z0-9-]{1,32}$'),
    name       text NOT NULL,
    token      bytea NOT NULL CONSTRAINT verifier_token CHECK (length(token) = 32),
    per_second integer NOT NULL CONSTRAINT verifier_rate CHECK (per_second BETWEEN 1 AND 100000),
    revoked_at timestamptz,
    act        text NOT NULL
);

-- The n-th of 2^24, in the order of that secret: a Feistel network of four rounds.
CREATE FUNCTION shuffled(n bigint, secret bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    l integer := (n >> 12) & 4095;
    r integer := n & 4095;
    h bytea;
    t integer;
BEGIN
    FOR round IN 1..4 LOOP
        h := sha256(secret || int4send(round) || int4send(r));
        t := l # (((get_byte(h, 0) << 8) | get_byte(h, 1)) & 4095);
        l := r;
        r := t;
    END LOOP;
    RETURN (l::bigint << 12) | r;
END $$;

-- The next place, which whoever comes first to a block makes a secret for.
CREATE FUNCTION take_status_place() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint := nextval('status_places') - 1;
    k bytea;
BEGIN
    SELECT secret INTO k FROM status_blocks WHERE block = n >> 24;
    IF NOT FOUND THEN
        INSERT INTO status_blocks VALUES (n >> 24, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
            ON CONFLICT DO NOTHING;
        SELECT secret INTO k FROM status_blocks WHERE block = n >> 24;
    END IF;
    RETURN ((n >> 24) << 24) | shuffled(n & 16777215, k);
END $$;

-- A card has its place from its issue on.
CREATE FUNCTION place_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.status_place := take_status_place();
    RETURN NEW;
END $$;
CREATE TRIGGER place_card_in BEFORE INSERT ON cards FOR EACH ROW WHEN (NEW.state = 'live' AND NEW.status_place IS NULL) EXECUTE FUNCTION place_card();
CREATE TRIGGER place_card BEFORE UPDATE OF state ON cards FOR EACH ROW WHEN (NEW.state = 'live' AND OLD.status_place IS NULL) EXECUTE FUNCTION place_card();

-- Who may ask, administrators sign.
CREATE FUNCTION sign_verifier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM acts a WHERE a.id = NEW.act AND a.subject = 'verifier/' || NEW.id AND a.txid = pg_current_xact_id()::text::bigint) THEN
        PERFORM refuse_unsigned('verifier_is_signed_for');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER sign_verifier AFTER INSERT OR UPDATE ON verifiers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_verifier();

-- +goose StatementEnd
