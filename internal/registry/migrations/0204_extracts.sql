-- +goose Up

-- Who may have an extract made of what is held on a citizen, at the citizen's request.
INSERT INTO competences (act, role) VALUES ('extract-record', 'counter'), ('extract-record', 'resolving');
CREATE INDEX decodes_by_name ON decodes USING gin (named);
