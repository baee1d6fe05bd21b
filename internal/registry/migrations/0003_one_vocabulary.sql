-- +goose Up

-- What a blob is to its application is its kind; a role is an officer's.
ALTER TABLE vault_blobs RENAME COLUMN role TO kind;

-- Written and never read: the decision says whether a hold is for the citizen's
-- part, and a card's validity is computed on the day it is made.
ALTER TABLE applications DROP COLUMN held_for_citizen, DROP COLUMN expiry;

-- No key was ever destroyed.
ALTER TABLE vault_keys DROP COLUMN shredded_at, ALTER COLUMN wrapped SET NOT NULL;

-- One spelling.
ALTER TABLE stations DROP CONSTRAINT station_kind;
UPDATE stations SET kind = 'enrollment' WHERE kind = 'enrolment';
ALTER TABLE stations ADD CONSTRAINT station_kind CHECK (kind IN ('enrollment', 'personalization'));

-- Every state, stage and step is one that the programs know.
ALTER TABLE applications
    ADD CONSTRAINT application_stage CHECK (stage IN (
        'Received', 'BiometricCapture', 'Validation', 'Deduplication', 'Approval', 'DataPreparation',
        'Personalization', 'Printing', 'Inspection', 'Dispatch', 'HandOver',
        'Issued', 'Rejected', 'Withdrawn', 'Expired')),
    ADD CONSTRAINT application_awaiting CHECK (awaiting IN (
        '', 'recapture', 'resolution', 'adjudication', 'approval', 'stock', 'production', 'release', 'hand-over', 'dispatch', 'receipt'));
ALTER TABLE decisions ADD CONSTRAINT decision_step CHECK (step IN (
    'recapture', 'adjudicate', 'approve', 'reject', 'hold', 'release', 'withdraw'));
ALTER TABLE cards ADD CONSTRAINT card_handed_over CHECK (handed_over IN ('', 'fingerprint', 'proxy', 'post', 'officer'));

-- And of where blanks are kept. Boxes are final, but for this.
UPDATE blanks SET location = 'center' WHERE location = 'centre';
ALTER TABLE boxes DISABLE TRIGGER keep_boxes;
UPDATE boxes SET location = 'center' WHERE location = 'centre';
ALTER TABLE boxes ENABLE TRIGGER keep_boxes;
