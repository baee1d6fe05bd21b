-- +goose Up

-- What a blob is to its application is its kind; a role is an officer's.
ALTER TABLE vault_blobs RENAME COLUMN role TO kind;
