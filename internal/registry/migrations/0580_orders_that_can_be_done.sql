-- +goose Up

-- An application that is to hold nothing cannot be written. Sealed, a document has 28 bytes more.
-- Orders of before are kept as they are.
ALTER TABLE card_orders ADD CONSTRAINT order_has_content CHECK (
    CASE what WHEN 'rotate-keys' THEN sealed IS NULL ELSE coalesce(octet_length(sealed), 0) > 28 END
) NOT VALID;

-- A later document takes the place of one that was not written to the card yet, or never can be.
DROP INDEX one_open_order_of_a_kind;
CREATE UNIQUE INDEX one_open_order_of_a_kind ON card_orders (application, attempt, what, of) WHERE done_at IS NULL AND what <> 'update-application';
