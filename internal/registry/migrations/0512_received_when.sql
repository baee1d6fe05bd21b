-- +goose Up

-- A box that was counted in says when.
ALTER TABLE consignments ADD CONSTRAINT received_when CHECK (state <> 'received' OR received_at IS NOT NULL) NOT VALID;
