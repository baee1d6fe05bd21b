-- +goose Up

-- A list costs by what it shows, however many applications and consignments are
-- finished. What is open is found by an index of what is open alone.
DROP INDEX applications_by_stage;
CREATE INDEX applications_by_stage ON applications (stage, received_at, number);
CREATE INDEX applications_open_by_receipt ON applications (received_at, number) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE INDEX consignments_under_way ON consignments (number) WHERE state <> 'received';
CREATE INDEX consignments_by_receipt ON consignments (received_at) WHERE state = 'received';
