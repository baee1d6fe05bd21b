-- +goose Up

-- What an application costs follows from the holder's age and the card held, which the
-- population register and the card record say when the application is validated. What was paid
-- before, by what a station typed, is due back where it is another amount.
ALTER TABLE payments DROP CONSTRAINT payments_pkey, ADD PRIMARY KEY (application, receipt);
CREATE UNIQUE INDEX one_payment_per_fee ON payments (application, amount) WHERE refunded_at IS NULL;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION owe_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payments SET due_back = (NEW.stage = 'Rejected' OR amount <> NEW.fee) WHERE application = NEW.number AND refunded_at IS NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION demand_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.fee > 0 AND NOT EXISTS (
            SELECT FROM payments p WHERE p.application = a.number AND p.amount = a.fee AND p.refunded_at IS NULL)) THEN
        RAISE EXCEPTION 'the fee is not paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_is_paid';
    END IF;
    RETURN NEW;
END $$;

-- The fee is settled while the application is validated, and stands from then on.
CREATE FUNCTION keep_fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.stage <> 'Validation' THEN
        RAISE EXCEPTION 'the fee stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'fee_stands';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER owe_fee ON applications;
CREATE TRIGGER owe_fee AFTER UPDATE OF stage, fee ON applications FOR EACH ROW
    WHEN (NEW.stage = 'Rejected' AND OLD.stage <> 'Rejected' OR NEW.fee <> OLD.fee) EXECUTE FUNCTION owe_fee();
CREATE TRIGGER keep_fee BEFORE UPDATE OF fee ON applications FOR EACH ROW WHEN (NEW.fee <> OLD.fee) EXECUTE FUNCTION keep_fee();
