-- +goose Up

-- The number of a refund's receipt is one refund's too, however it is typed, in the province of the
-- officer who gave the fee back, and at the center: a paper receipt gives back one fee.
CREATE INDEX payments_by_refund_receipt ON payments (upper(regexp_replace(refund_receipt, '\s', '', 'g'))) WHERE refund_receipt IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION give_refund_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    typed CONSTANT text := upper(regexp_replace(NEW.refund_receipt, '\s', '', 'g'));
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('refund receipt ' || typed, 0));
    IF EXISTS (SELECT FROM payments p JOIN officers o ON o.badge = p.refunded_by WHERE upper(regexp_replace(p.refund_receipt, '\s', '', 'g')) = typed AND p.application <> NEW.application
            AND o.unit = (SELECT unit FROM officers WHERE badge = NEW.refunded_by)) THEN
        RAISE EXCEPTION 'a receipt is for one refund' USING ERRCODE = 'unique_violation', CONSTRAINT = 'one_refund_per_receipt';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER give_refund_receipt BEFORE UPDATE OF refund_receipt ON payments FOR EACH ROW
    WHEN (OLD.refund_receipt IS NULL AND NEW.refund_receipt IS NOT NULL) EXECUTE FUNCTION give_refund_receipt();
