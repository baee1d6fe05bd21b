-- +goose Up

-- Cards are told that they arrived when their box was counted, or of a box that was closed
-- with nothing in it. A workflow that believes more than a registry that was restored to an
-- earlier instant must not have a box pass for done that is open there.
ALTER TABLE consignments ADD CONSTRAINT announced_when_closed CHECK (announced_at IS NULL OR state IN ('received', 'dissolved')) NOT VALID;
