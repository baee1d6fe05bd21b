-- Fills a registry with applications that have ended, one for each row of ended
-- (i, number, personal_number, person, serial, and the sealed columns), made by ended.go. What the triggers would write
-- is written here: blank movements, and the chained audit trail. Evidence is a few
-- bytes for each blob, and none is in the gallery: searching it is the ABIS's cost.
-- What people signed is as long as it would be, and its signatures are of nobody.
SET session_replication_role = replica; -- no triggers, no foreign keys

INSERT INTO stations (id, kind, province)
SELECT lpad(p::text, 3, '0') || '-TN-09', 'enrollment', lpad(p::text, 3, '0') FROM generate_series(1, 96) p;

CREATE TEMP TABLE life AS
SELECT e.*, lpad((i % 96 + 1)::text, 3, '0') AS province, lpad((i % 96 + 1)::text, 3, '0') || '-TN-09' AS station,
	now() - interval '1 year' * (last - i + 1) / (last + 1) - interval '20 days' AS received_at,
	'PF' || lpad(i::text, 8, '0') AS blank, 'C-' || lpad((i / 200 + 1)::text, 6, '0') AS consignment
FROM ended e, (SELECT max(i) AS last FROM ended) m;
ANALYZE life;

INSERT INTO citizens (number, citizen, person, status)
SELECT personal_number, citizen, person, 'alive' FROM life ORDER BY personal_number;

INSERT INTO applications (number, stage, attempt, due, entered_at, received_at, started_at, station, enrollment_id, officer, digest,
	province, type, ground, channel, filed_on, delivery, destination, urgent, citizen, sealed,
	law, form, processing_days, fee)
SELECT number, 'Issued', 1, received_at + interval '10 days', received_at + interval '9 days', received_at, received_at, station, 'FILL-' || i,
	'CB-' || province || '-0001', sha256(number::bytea), province, 'first-issue', 'first-card', 'station', received_at::date, 'collect', station,
	false, citizen, application, '2024-07-01', 'can-cuoc-2024', 7, 0
FROM life ORDER BY i;

-- Officers of each province, and of the center; no office has their badges.
INSERT INTO officers (badge, unit, roles, founder)
SELECT kind || '-' || province || '-9001', province, array[role], true
FROM (VALUES ('CB', 'counter'), ('PD', 'approving')) AS who (kind, role), (SELECT DISTINCT province FROM life) p
UNION ALL SELECT badge, 'center', array['stock', 'dispatch'], true FROM unnest(array['TK-9001', 'TK-9002', 'SX-9001']) AS badge;
INSERT INTO credentials (key, officer) SELECT '\x302a300506032b6570032100' || sha256(badge::bytea), badge FROM officers WHERE badge LIKE '%-900_';

CREATE FUNCTION pg_temp.act_id(subject text, act text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(left(md5(subject || act), 26)) $$;
INSERT INTO acts (id, officer, act, subject, at, key, statement, signature, mac)
SELECT pg_temp.act_id(subject, act), officer, act, subject, at, '\x302a300506032b6570032100' || sha256(officer::bytea),
	convert_to(format('{"id":"%s","act":"%s","subject":"%s","content":{"Officer":"%s",%s},"until":"%s"}',
		pg_temp.act_id(subject, act), act, subject, officer, content, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), 'UTF8'),
	sha256(subject::bytea) || sha256(act::bytea), sha256(subject::bytea)
FROM (
	SELECT i, 'application/' || number AS subject, 'PD-' || province || '-9001' AS officer, 'approve' AS act, received_at + interval '2 days' AS at, '"Reason":""' AS content FROM life
	UNION ALL
	SELECT i, 'application/' || number, 'CB-' || province || '-9001', 'hand-over', received_at + interval '9 days', '"Method":"fingerprint","Proof":"","Round":1,"OldCardCollected":false' FROM life
	UNION ALL
	SELECT max(i), 'consignment/' || consignment, 'SX-9001', 'send', max(received_at), '"Courier":"VNPost","Seal":"1"' FROM life GROUP BY consignment
	UNION ALL
	SELECT max(i), 'consignment/' || consignment, 'CB-' || min(province) || '-9001', 'receive', max(received_at), '"Counted":200,"Missing":[]' FROM life GROUP BY consignment
	UNION ALL
	SELECT max(i), 'box/F-' || i / 500, officer, 'receive-blanks', min(received_at), '"Location":"center"'
	FROM life, unnest(array['TK-9001', 'TK-9002']) AS officer GROUP BY i / 500, officer
) AS done ORDER BY i;

INSERT INTO decisions (application, step, round, officer, enrolled_by, at, request)
SELECT number, 'approve', 1, 'PD-' || province || '-9001', 'CB-' || province || '-0001', received_at + interval '2 days', pg_temp.act_id('application/' || number, 'approve')
FROM life ORDER BY i;

INSERT INTO boxes (number, first_serial, last_serial, blanks, location, received_by, counted_by, act)
SELECT 'F-' || i / 500, min(blank), max(blank), count(*), 'center', 'TK-9001', 'TK-9002', pg_temp.act_id('box/F-' || i / 500, 'receive-blanks') FROM life GROUP BY i / 500;

INSERT INTO blanks (serial, box, account, location, application, attempt)
SELECT blank, 'F-' || i / 500, 'issued', 'PX-09', number, 1 FROM life ORDER BY i;

INSERT INTO blank_movements (serial, at, debited, credited, application, attempt)
SELECT blank, received_at + move.after, debited, credited, CASE WHEN credited <> 'stock' THEN number END, CASE WHEN credited <> 'stock' THEN 1 END
FROM life, (VALUES (interval '-1 day', 'received', 'stock'), ('3 days', 'stock', 'production'), ('9 days', 'production', 'issued')) AS move (after, debited, credited)
ORDER BY i, after;

INSERT INTO consignments (number, destination, state, cards, courier, seal, opened_at, sealed_by, sent_by, received_by, sent_at, received_at, announced_at,
	sent_act, received_act)
SELECT consignment, min(station), 'received', count(*), 'VNPost', '1', min(received_at), 'system', 'SX-9001', 'CB-' || min(province) || '-9001', max(received_at), max(received_at), max(received_at),
	pg_temp.act_id('consignment/' || consignment, 'send'), pg_temp.act_id('consignment/' || consignment, 'receive')
FROM life GROUP BY consignment;
SELECT setval('consignment_numbers', (SELECT count(*) FROM consignments));

INSERT INTO cards (application, attempt, state, citizen, serial, form, issued, sealed, digest_sod, digest_print, blank,
	station, consignment, approved_by, handed_over_by, handed_over_act, handed_over, score, handed_over_at, changed_at)
SELECT number, 1, 'live', citizen, serial, 'can-cuoc-2024', received_at::date + 3,
	card, sha256(serial::bytea), sha256(blank::bytea), blank,
	'PX-09', consignment, 'PD-' || province || '-9001', 'CB-' || province || '-9001', pg_temp.act_id('application/' || number, 'hand-over'), 'fingerprint', 90, received_at + interval '9 days', received_at + interval '9 days'
FROM life ORDER BY i;

INSERT INTO vault_keys (application, wrapped) SELECT number, key FROM life ORDER BY i;
INSERT INTO vault_blobs (application, kind, attempt, sealed)
SELECT number, kind, 1, '\x00' FROM life, unnest(array['chip', 'finger-left-index', 'finger-right-index', 'packet', 'portrait', 'print-pdf', 'print-portrait', 'probe', 'templates']) AS kind
ORDER BY i, kind;

-- Ten entries each, as chain_audit would hash them.
WITH RECURSIVE told (seq, after, event) AS (
	VALUES (1, interval '0', 'received'), (2, '1 minute', 'entered Validation'), (3, '2 minutes', 'entered Deduplication'), (4, '3 minutes', 'entered Approval'),
		(5, '2 days', 'approve'), (6, '3 days', 'prepared card 1'), (7, '3 days 1 minute', 'took blank for card 1'),
		(8, '3 days 5 minutes', 'packed card 1'), (9, '5 days', 'received card 1'), (10, '9 days', 'handed over card, by fingerprint')
), chain AS (
	SELECT number, province, 0 AS seq, NULL::timestamptz AS at, '' AS actor, '' AS event, ''::bytea AS prev, ''::bytea AS hash, received_at FROM life
	UNION ALL
	SELECT c.number, c.province, t.seq, entry.at, entry.actor, t.event, c.hash, sha256(c.hash || convert_to(
		audit_field(c.number) || audit_field(t.seq::text) || audit_field((extract(epoch FROM entry.at) * 1000000)::bigint::text) ||
		audit_field(entry.actor) || audit_field(t.event) || audit_field(''), 'UTF8')), c.received_at
	FROM chain c JOIN told t ON t.seq = c.seq + 1 CROSS JOIN LATERAL (
		SELECT date_trunc('microseconds', c.received_at + t.after) AS at, CASE t.event WHEN 'approve' THEN 'PD-' || c.province || '-9001' ELSE 'system' END AS actor) entry
)
INSERT INTO audit (application, seq, at, actor, event, reason, prev, hash)
SELECT number, seq, at, actor, event, '', prev, hash FROM chain WHERE seq > 0 ORDER BY number, seq;
