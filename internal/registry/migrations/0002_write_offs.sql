-- +goose Up

-- For the record of destroyed blanks, which asks for the write-offs of some days:
-- few among all the movements there ever were.
CREATE INDEX blank_write_offs ON blank_movements (at, serial) WHERE credited IN ('spoiled', 'destroyed');
