-- +goose Up

-- The fee of an application: that it was paid, by which receipt, to whom and when; and that
-- it was given back, which is due when the application is rejected.
CREATE TABLE payments (
    application  text PRIMARY KEY REFERENCES applications (number),
    amount       integer NOT NULL CONSTRAINT payment_amount CHECK (amount > 0), -- VND
    receipt      text NOT NULL CONSTRAINT one_payment_per_receipt UNIQUE,
    paid_to      text NOT NULL,
    paid_act     text NOT NULL,
    paid_at      timestamptz NOT NULL DEFAULT now(),
    due_back     boolean NOT NULL DEFAULT false,
    refunded_by  text,
    refunded_act text,
    refunded_at  timestamptz,
    refund_receipt text,
    CONSTRAINT payment_is_signed FOREIGN KEY (paid_act, paid_to) REFERENCES acts (id, officer),
    CONSTRAINT refund_is_signed FOREIGN KEY (refunded_act, refunded_by) REFERENCES acts (id, officer),
    CONSTRAINT refund_is_whole CHECK (num_nulls(refunded_by, refunded_act, refunded_at, refund_receipt) IN (0, 4)),
    CONSTRAINT refunded_once CHECK (NOT due_back OR refunded_at IS NULL)
);
CREATE INDEX payments_due_back ON payments (paid_at) WHERE due_back;

-- What was paid stays as it was; what was given back is final.
-- +goose StatementBegin
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

CREATE FUNCTION owe_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET due_back = true WHERE application = NEW.number AND refunded_at IS NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_payment BEFORE UPDATE OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION keep_payment();
CREATE TRIGGER owe_fee AFTER UPDATE OF stage ON applications FOR EACH ROW
    WHEN (NEW.stage = 'Rejected' AND OLD.stage <> 'Rejected') EXECUTE FUNCTION owe_fee();

INSERT INTO competences (act, role)
    SELECT act, role FROM unnest(ARRAY['collect-fee', 'refund-fee']) AS act, unnest(ARRAY['enrolling', 'counter']) AS role;
