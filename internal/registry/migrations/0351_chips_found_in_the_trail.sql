-- +goose Up

-- Whose chip is whose the station that wrote it says in the trail; a maker's manifest, if there
-- was one, says it of the blank.
CREATE INDEX audit_chips ON audit (lower(substr(reason, 6))) WHERE event LIKE 'personalized card %' AND reason LIKE 'chip %';
