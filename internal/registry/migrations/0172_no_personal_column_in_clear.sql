-- +goose Up

ALTER TABLE applications VALIDATE CONSTRAINT application_is_sealed;
ALTER TABLE applications ALTER COLUMN sealed SET NOT NULL;
ALTER TABLE applications DROP CONSTRAINT application_is_sealed;
ALTER TABLE cards VALIDATE CONSTRAINT card_is_sealed;
ALTER TABLE cards ALTER COLUMN citizen SET NOT NULL;
ALTER TABLE citizens DROP CONSTRAINT citizen_has_digest, ALTER COLUMN citizen SET NOT NULL, ADD CONSTRAINT one_citizen_per_digest UNIQUE (citizen);

-- A personal number, once an application has it, is final.
DROP TRIGGER keep_number ON applications;
CREATE TRIGGER keep_number BEFORE UPDATE OF citizen, sealed_number ON applications FOR EACH ROW
    WHEN (OLD.citizen IS NOT NULL AND (NEW.citizen, NEW.sealed_number) IS DISTINCT FROM (OLD.citizen, OLD.sealed_number)) EXECUTE FUNCTION keep_number();

-- The indexes on these columns go with them.
ALTER TABLE applications DROP COLUMN personal_number, DROP COLUMN person, DROP COLUMN representative, DROP COLUMN delivery_to, DROP COLUMN exemption;
ALTER TABLE cards DROP COLUMN personal_number, DROP COLUMN card;
ALTER TABLE allotments DROP COLUMN number, DROP CONSTRAINT allotment_is_sealed, ADD PRIMARY KEY (citizen);

-- A citizen has one application at a time on one ground, and one live card.
CREATE UNIQUE INDEX one_open_application_per_citizen_and_ground ON applications (citizen, ground)
    WHERE citizen IS NOT NULL AND stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE UNIQUE INDEX one_live_card_per_citizen ON cards (citizen) WHERE state = 'live';
CREATE INDEX cards_by_citizen ON cards (citizen);

-- When a card expires is its holder's birthday: only of cards of before this engine, which
-- have no application's key, it stands in clear.
ALTER TABLE cards ADD CONSTRAINT card_expiry_is_sealed CHECK (application IS NULL OR expires IS NULL);
