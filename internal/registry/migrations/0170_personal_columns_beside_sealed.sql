-- +goose Up

-- What says something about a person is sealed with the application's data key (package
-- vault), each value bound to its column and row, and what has to be found by a personal
-- number is found by a keyed digest of it, which nobody can compute without the master key.
-- The program that migrates seals the rows that there are, as 0171, and 0172 takes away
-- what stood in clear.
ALTER TABLE applications
    ADD COLUMN citizen       bytea CONSTRAINT application_citizen CHECK (length(citizen) = 32), -- digest of the personal number; null: none yet
    ADD COLUMN sealed        bytea, -- person, representative, address of delivery, exemption
    ADD COLUMN sealed_number bytea, -- the personal number that was allotted; null: the applicant had one, or has none yet
    ALTER COLUMN representative DROP NOT NULL,
    ALTER COLUMN person DROP NOT NULL;
ALTER TABLE cards
    ADD COLUMN citizen bytea CONSTRAINT card_citizen CHECK (length(citizen) = 32),
    ADD COLUMN sealed  bytea, -- all that it says; null for cards of before this engine
    ALTER COLUMN personal_number DROP NOT NULL;
ALTER TABLE allotments ADD COLUMN citizen bytea CONSTRAINT allotment_citizen CHECK (length(citizen) = 32);
ALTER TABLE citizens ADD COLUMN citizen bytea CONSTRAINT citizen_digest CHECK (length(citizen) = 32); -- by which applications and cards name them

-- Programs of before know nothing of it: what they would write is refused, not lost.
ALTER TABLE applications ADD CONSTRAINT application_is_sealed CHECK (sealed IS NOT NULL) NOT VALID;
ALTER TABLE cards ADD CONSTRAINT card_is_sealed CHECK ((application IS NULL) = (sealed IS NULL)) NOT VALID;
ALTER TABLE allotments ADD CONSTRAINT allotment_is_sealed CHECK (citizen IS NOT NULL) NOT VALID;
ALTER TABLE citizens ADD CONSTRAINT citizen_has_digest CHECK (citizen IS NOT NULL) NOT VALID;
