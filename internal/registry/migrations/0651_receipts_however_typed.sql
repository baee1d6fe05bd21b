-- +goose Up

-- The number of a receipt is one payment's however it is typed, in capitals or not and with whichever
-- spaces: a paper receipt pays one fee.
DROP INDEX payments_by_receipt;
CREATE INDEX payments_by_receipt ON payments (upper(regexp_replace(receipt, '\s', '', 'g')));

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION give_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    typed CONSTANT text := upper(regexp_replace(NEW.receipt, '\s', '', 'g'));
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('receipt ' || typed, 0));
    IF EXISTS (SELECT FROM payments p JOIN officers o ON o.badge = p.paid_to WHERE upper(regexp_replace(p.receipt, '\s', '', 'g')) = typed AND p.application <> NEW.application
            AND o.unit = (SELECT unit FROM officers WHERE badge = NEW.paid_to)) THEN
        RAISE EXCEPTION 'a receipt is for one payment' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_payment_per_receipt';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
