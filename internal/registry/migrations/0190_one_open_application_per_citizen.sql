-- +goose Up

-- One open application per citizen, whatever its ground. Those that were taken in beside
-- another, on another ground, while that was allowed, go on to their ends.
ALTER TABLE applications ADD COLUMN beside boolean NOT NULL DEFAULT false;

UPDATE applications later SET beside = true
FROM applications a
WHERE later.citizen IS NOT NULL AND a.citizen = later.citizen
    AND (a.received_at, a.number) < (later.received_at, later.number)
    AND a.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired')
    AND later.stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');

CREATE UNIQUE INDEX one_open_application_per_citizen ON applications (citizen)
    WHERE citizen IS NOT NULL AND NOT beside AND stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
DROP INDEX one_open_application_per_citizen_and_ground;
