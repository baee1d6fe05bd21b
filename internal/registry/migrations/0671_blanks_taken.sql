-- +goose Up

-- How many blanks were taken in a week, which each look at the office asks for, is counted in an
-- index of them alone: of the ledger itself that is a tenth of the pages. Times only grow, so a
-- blank that is taken costs an entry at the index's end.
CREATE INDEX blanks_taken ON blank_movements (at) WHERE credited = 'production';
