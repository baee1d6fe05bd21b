-- +goose Up

-- When a station was last heard of again, or resumed: what waited for it goes on.
ALTER TABLE stations_at_work ADD COLUMN back_at timestamptz NOT NULL DEFAULT now();
