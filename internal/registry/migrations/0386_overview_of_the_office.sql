-- +goose Up

-- What is late, or soon will be, is found without reading all that is open; what was done
-- lately, without reading what was done before. The ledger grows in the order of its times.
CREATE INDEX applications_by_deadline ON applications (due) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired', 'HandOver');
CREATE INDEX blank_movements_by_time ON blank_movements USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
