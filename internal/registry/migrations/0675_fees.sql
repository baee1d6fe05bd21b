-- +goose Up
-- +goose StatementBegin

-- The fee (lệ phí) of an application: that it was paid, by which receipt, to whom and when; and
-- that it was given back, which is due when the application is rejected, or when the fee turned out
-- to be another amount: it follows from the holder's age and the card held, which the registers say
-- when the application is validated.
CREATE TABLE payments (
    application    text NOT NULL REFERENCES applications (number),
    amount         integer NOT NULL CONSTRAINT payment_amount CHECK (amount > 0), -- VND
    receipt        text NOT NULL,
    paid_to        text NOT NULL,
    paid_act       text NOT NULL,
    paid_at        timestamptz NOT NULL DEFAULT now(),
    due_back       boolean NOT NULL DEFAULT false,
    refunded_by    text,
    refunded_act   text,
    refunded_at    timestamptz,
    refund_receipt text,
    CONSTRAINT refund_is_whole CHECK (num_nulls(refunded_by, refunded_act, refunded_at, refund_receipt) IN (0, 4)),
    CONSTRAINT refunded_once CHECK (NOT due_back OR refunded_at IS NULL),
    CONSTRAINT payment_is_signed FOREIGN KEY (paid_act, paid_to) REFERENCES acts (id, officer),
    CONSTRAINT refund_is_signed FOREIGN KEY (refunded_act, refunded_by) REFERENCES acts (id, officer),
    PRIMARY KEY (application, receipt)
);
CREATE INDEX payments_due_back ON payments (paid_at) WHERE due_back;
CREATE UNIQUE INDEX one_payment_per_fee ON payments (application, amount) WHERE refunded_at IS NULL;

-- A receipt's number, however it is typed: in capitals or not, and with whichever spaces.
CREATE FUNCTION as_printed(receipt text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT upper(regexp_replace($1, '\s', '', 'g')) $$;
CREATE INDEX payments_by_receipt ON payments (as_printed(receipt));
CREATE INDEX payments_by_refund_receipt ON payments (as_printed(refund_receipt)) WHERE refund_receipt IS NOT NULL;

-- Receipts (biên lai) come from books that each authority has for itself: a number is one payment's
-- within the province of the officer who took it, and within the center: a paper receipt pays one fee.
CREATE FUNCTION give_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('receipt ' || as_printed(NEW.receipt), 0));
    IF EXISTS (SELECT FROM payments p JOIN officers o ON o.badge = p.paid_to WHERE as_printed(p.receipt) = as_printed(NEW.receipt) AND p.application <> NEW.application
            AND o.unit = (SELECT unit FROM officers WHERE badge = NEW.paid_to)) THEN
        RAISE EXCEPTION 'a receipt is for one payment' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_payment_per_receipt';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER give_receipt BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION give_receipt();

-- Likewise, a paper receipt gives back one fee.
CREATE FUNCTION give_refund_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('refund receipt ' || as_printed(NEW.refund_receipt), 0));
    IF EXISTS (SELECT FROM payments p JOIN officers o ON o.badge = p.refunded_by WHERE as_printed(p.refund_receipt) = as_printed(NEW.refund_receipt) AND p.application <> NEW.application
            AND o.unit = (SELECT unit FROM officers WHERE badge = NEW.refunded_by)) THEN
        RAISE EXCEPTION 'a receipt is for one refund' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_refund_per_receipt';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER give_refund_receipt BEFORE UPDATE OF refund_receipt ON payments FOR EACH ROW
    WHEN (OLD.refund_receipt IS NULL AND NEW.refund_receipt IS NOT NULL) EXECUTE FUNCTION give_refund_receipt();

-- What was paid stays as it was; what was given back is final.
CREATE FUNCTION keep_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR (NEW.application, NEW.amount, NEW.receipt, NEW.paid_to, NEW.paid_act, NEW.paid_at)
            IS DISTINCT FROM (OLD.application, OLD.amount, OLD.receipt, OLD.paid_to, OLD.paid_act, OLD.paid_at)
        OR OLD.refunded_at IS NOT NULL AND NEW IS DISTINCT FROM OLD
        OR NEW.refunded_at IS NOT NULL AND OLD.refunded_at IS NULL AND NOT OLD.due_back THEN
        RAISE EXCEPTION 'payments are kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'payments_are_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_payment BEFORE UPDATE OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION keep_payment();

-- What was paid is due back when the application is rejected, or the fee is another amount.
CREATE FUNCTION owe_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET due_back = (NEW.stage = 'Rejected' OR amount <> NEW.fee) WHERE application = NEW.number AND refunded_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER owe_fee AFTER UPDATE OF stage, fee ON applications FOR EACH ROW
    WHEN (NEW.stage = 'Rejected' AND OLD.stage <> 'Rejected' OR NEW.fee <> OLD.fee) EXECUTE FUNCTION owe_fee();

-- A fee is taken when an application is filed, or by the time at which its card is handed over: no card
-- is anybody's before its fee is paid. Whoever is exempt has no fee.
CREATE FUNCTION demand_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.fee > 0 AND NOT EXISTS (
            SELECT FROM payments p WHERE p.application = a.number AND p.amount = a.fee AND p.refunded_at IS NULL)) THEN
        RAISE EXCEPTION 'the fee is not paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_is_paid';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER demand_fee BEFORE UPDATE OF state ON cards FOR EACH ROW
    WHEN (OLD.state = 'arrived' AND NEW.state = 'live') EXECUTE FUNCTION demand_fee();

-- The fee is settled while the application is validated, and stands from then on.
CREATE FUNCTION keep_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stage <> 'Validation' THEN
        RAISE EXCEPTION 'the fee stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_fee BEFORE UPDATE OF fee ON applications FOR EACH ROW WHEN (NEW.fee <> OLD.fee) EXECUTE FUNCTION keep_fee();

-- The fee is settled with an entry of the trail that says so, from what to what.
CREATE FUNCTION settle_in_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit WHERE application = NEW.number AND event = 'fee settled' AND txid = pg_current_xact_id()::text::bigint
        AND starts_with(reason, 'from ' || OLD.fee || ' to ' || NEW.fee || ' VND, ')) THEN
        RAISE EXCEPTION 'the fee stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_stands';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER settle_in_trail AFTER UPDATE OF fee ON applications DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.fee <> OLD.fee) EXECUTE FUNCTION settle_in_trail();

-- +goose StatementEnd
