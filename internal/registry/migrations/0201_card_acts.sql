-- +goose Up

-- Who may do what to a card that was issued.
INSERT INTO competences (act, role)
    SELECT act, role FROM unnest(ARRAY['report-lost', 'report-found', 'report-damaged']) AS act, unnest(ARRAY['enrolling', 'counter', 'approving', 'resolving']) AS role
    UNION ALL SELECT act, role FROM unnest(ARRAY['keep-card', 'return-card']) AS act, unnest(ARRAY['counter', 'approving', 'resolving']) AS role
    UNION ALL SELECT 'withdraw-card', role FROM unnest(ARRAY['approving', 'resolving']) AS role;

-- A card is withdrawn in the province where it was applied for or handed over, or by the
-- center. Everything else is taken wherever its holder is: then every unit may.
CREATE FUNCTION card_provinces(doing text, of_serial text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE doing WHEN 'withdraw-card' THEN (
        SELECT ARRAY[a.province, s.province]
        FROM cards c JOIN applications a ON a.number = c.application LEFT JOIN stations s ON s.id = a.destination WHERE c.serial = of_serial)
    ELSE (SELECT array_agg(DISTINCT unit) FROM officers) END
$$;
CREATE OR REPLACE FUNCTION act_provinces(doing text, subject text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_remove(CASE
        WHEN subject LIKE 'card/%' THEN card_provinces(doing, substr(subject, length('card/') + 1))
        WHEN subject LIKE 'person/%' THEN person_provinces(substr(subject, length('person/') + 1))
        WHEN subject LIKE 'application/%' THEN (
            SELECT ARRAY[a.province, CASE WHEN doing IN ('hand-over', 'withdraw', 'destroy-card', 'find-card') THEN s.province END]
            FROM applications a LEFT JOIN stations s ON s.id = a.destination WHERE a.number = substr(subject, length('application/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing IN ('receive', 'recount', 'settle-surplus') THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.destination WHERE c.number = substr(subject, length('consignment/') + 1))
        WHEN subject LIKE 'consignment/%' AND doing = 'send' THEN (
            SELECT ARRAY[s.province] FROM consignments c JOIN stations s ON s.id = c.origin WHERE c.number = substr(subject, length('consignment/') + 1))
        WHEN subject LIKE 'station/%' AND doing = 'enroll' THEN (
            SELECT ARRAY[s.province] FROM stations s WHERE s.id = substr(subject, length('station/') + 1))
        END, NULL)
$$;

-- Why a card is neither begun nor made live now, as the name of a constraint; null: it may
-- be. A card that is withdrawn or kept while its exchange is under way stops that until an
-- officer has released the application; nobody can for somebody who died.
CREATE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN 'card_of_the_living'
        WHEN EXISTS (SELECT FROM cards WHERE citizen = of_citizen AND state IN ('withdrawn', 'kept') AND changed_at >
            (SELECT max(at) FROM decisions WHERE application = of_application AND step IN ('approve', 'release'))) THEN 'card_withdrawn_meanwhile'
    END
$$;

-- Which officer looked at whose record, by what: for the citizen who asks who did.
CREATE TABLE reads (
    at      timestamptz NOT NULL DEFAULT now(),
    officer text NOT NULL REFERENCES officers (badge),
    subject text NOT NULL, -- as package statement names it
    what    text NOT NULL CONSTRAINT read_what CHECK (what IN ('card'))
);
CREATE INDEX reads_by_subject ON reads (subject, at);
CREATE TRIGGER keep_reads BEFORE UPDATE OR DELETE OR TRUNCATE ON reads FOR EACH STATEMENT EXECUTE FUNCTION keep_ledger();

-- Whoever grants another card for one that was lost has the loss recorded, where nobody
-- reported it before: by the approval's own act.
-- +goose StatementBegin
CREATE FUNCTION know_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH lost AS (
        UPDATE cards c SET state = 'reported-lost', reason = 'application ' || a.number, changed_by = NEW.officer, changed_act = NEW.request, changed_at = now()
        FROM applications a WHERE a.number = NEW.application AND a.ground = 'lost' AND c.citizen = a.citizen AND c.state = 'live'
        RETURNING c.application, c.attempt, c.reason
    )
    INSERT INTO audit (application, actor, event, reason)
    SELECT application, NEW.officer, 'card ' || attempt || ' is reported-lost', reason FROM lost WHERE application IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER know_loss AFTER INSERT ON decisions FOR EACH ROW WHEN (NEW.step = 'approve' AND NEW.request <> '') EXECUTE FUNCTION know_loss();
