-- +goose Up

-- Receipts come from books that each authority has for itself: a number is one payment's within
-- the province of the officer who took it, and within the center.
ALTER TABLE payments DROP CONSTRAINT one_payment_per_receipt;
CREATE INDEX payments_by_receipt ON payments (receipt);

-- +goose StatementBegin
CREATE FUNCTION give_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('receipt ' || NEW.receipt, 0));
    IF EXISTS (SELECT FROM payments p JOIN officers o ON o.badge = p.paid_to WHERE p.receipt = NEW.receipt AND p.application <> NEW.application
            AND o.unit = (SELECT unit FROM officers WHERE badge = NEW.paid_to)) THEN
        RAISE EXCEPTION 'a receipt is for one payment' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_payment_per_receipt';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER give_receipt BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION give_receipt();
