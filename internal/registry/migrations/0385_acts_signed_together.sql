-- +goose Up

-- One touch of a passkey may sign several statements: each is kept by itself, with its path
-- in the tree of hashes whose root was signed.
ALTER TABLE acts ADD COLUMN path bytea
    CONSTRAINT path_of_hashes CHECK (path IS NULL OR length(path) BETWEEN 32 AND 224 AND length(path) % 32 = 0 AND authenticator_data IS NOT NULL);
