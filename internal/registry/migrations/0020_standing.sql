-- +goose Up

-- What a workflow has to know to begin again where its application stands, and what
-- people are told of why it waits. No personal data: these texts reach lists, logs
-- and the Temporal UI.
ALTER TABLE applications
    ADD COLUMN awaiting_why     text NOT NULL DEFAULT '', -- why it waits
    ADD COLUMN awaiting_since   timestamptz,              -- since when it waits for that
    ADD COLUMN clock_stopped_at timestamptz,              -- the legal clock stands still since then; null while it runs
    DROP CONSTRAINT application_awaiting,
    ADD CONSTRAINT application_awaiting CHECK (awaiting IN (
        '', 'recapture', 'resolution', 'adjudication', 'approval', 'stock', 'production', 'release', 'attention', 'hand-over', 'dispatch', 'receipt'));

-- A decision carries the identifier that its client chose, so that asking again is
-- answered by what was decided; and the stage at which it was taken, so that an
-- application at Approval is either approved or rejected.
ALTER TABLE decisions
    ADD COLUMN request text NOT NULL DEFAULT '',
    ADD COLUMN stage   text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX one_decision_per_request ON decisions (application, request) WHERE request <> '';
CREATE UNIQUE INDEX one_verdict_at_approval ON decisions (application) WHERE step IN ('approve', 'reject') AND stage = 'Approval';

-- What a stage found that needs a person, kept in the transaction that makes the
-- application wait. Done again, the stage finds what it found. A stage without a row
-- either has not ended, or passed: then the application is at a later stage.
CREATE TABLE findings (
    application text NOT NULL REFERENCES applications (number),
    stage       text NOT NULL,
    round       integer NOT NULL,
    found       jsonb NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (application, stage, round)
);

-- When every card of a counted consignment was told.
ALTER TABLE consignments ADD COLUMN announced_at timestamptz;

-- For the reconciler, which asks what has not ended, and for who waits for a blank.
CREATE INDEX applications_open ON applications (number) WHERE stage NOT IN ('Issued', 'Rejected', 'Withdrawn', 'Expired');
CREATE INDEX consignments_open ON consignments (number) WHERE announced_at IS NULL;
