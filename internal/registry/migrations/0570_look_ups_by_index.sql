-- +goose Up

-- What the citizens' page reads beside the application's own row it finds in indexes, a page of
-- each, however large the tables are that they are of: when the application came to each stage,
-- whose the number is, and that person's birth.
CREATE INDEX audit_stages ON audit (application, event, at) WHERE event LIKE 'entered %';
ALTER TABLE person_numbers DROP CONSTRAINT person_numbers_citizen_key,
    ADD CONSTRAINT person_numbers_citizen_key UNIQUE (citizen) INCLUDE (person);
CREATE INDEX citizens_births ON citizens (id) INCLUDE (birth);
