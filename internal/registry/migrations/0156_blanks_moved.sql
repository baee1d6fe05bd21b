-- +goose Up

-- Blanks in stock are moved by two officers, between the center and stations.
INSERT INTO competences (act, role) VALUES ('move-blanks', 'stock');
