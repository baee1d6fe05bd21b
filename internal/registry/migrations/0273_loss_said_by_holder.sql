-- +goose Up

-- Its holder may report a card lost without an officer, at the portal.
ALTER TABLE cards DROP CONSTRAINT card_change_is_signed;
ALTER TABLE cards ADD CONSTRAINT card_change_is_signed CHECK
    (state NOT IN ('reported-lost', 'damaged', 'kept') OR changed_act IS NOT NULL OR state = 'reported-lost' AND changed_by = 'holder');
