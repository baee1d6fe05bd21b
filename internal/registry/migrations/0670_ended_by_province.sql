-- +goose Up

-- An officer's list is of a province: what has ended there is found without reading what has
-- ended elsewhere. An application is put into this index once, when it ends.
CREATE INDEX applications_ended_by_province ON applications (province, received_at, number) WHERE stage IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
