-- What the roles may do, table by table; registry.Migrate grants it anew after every
-- migration. What is not granted here is refused: a migration that brings a table or a
-- column needs its line. internal/registry/roles/roles.sql says who the roles are.
--
-- Nobody but the owner may delete or truncate, except what keep_evidence allows; alter;
-- make triggers; or make anything of their own, which could stand in a true table's place.

DO $$
DECLARE
    name text;
BEGIN
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC, cancuoc_programs, cancuoc_readers', current_schema());
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM PUBLIC, cancuoc_programs, cancuoc_readers', current_schema());
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM PUBLIC, cancuoc_programs, cancuoc_readers', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO cancuoc_programs, cancuoc_readers', current_schema());
    -- Whatever a role may write, only_the_office() lets it write after its proof alone. A trigger that is there stays, since making one waits for all who write.
    FOR name IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'office_proof'
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'only_the_office') LOOP
        EXECUTE format('CREATE TRIGGER only_the_office BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION only_the_office()', name);
    END LOOP;
    -- Triggers, and what runs as its owner, find the tables of this schema, whatever the role that fires them has in its path.
    FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND (prorettype = 'trigger'::regtype OR prosecdef) LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
    END LOOP;
END $$;

-- The ledger of blanks is written by a trigger alone, as its owner.
ALTER FUNCTION note_blank() SECURITY DEFINER;

-- So is the history of cards; and who makes a card live locks its holder's row.
ALTER FUNCTION note_card() SECURITY DEFINER;
ALTER FUNCTION move_card() SECURITY DEFINER;
GRANT SELECT ON card_life TO cancuoc_programs, cancuoc_readers;

-- Which program may write at all, a program says of itself; an auditor's never does.
REVOKE ALL ON FUNCTION enter_office(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_office(bytea) TO cancuoc_programs;
GRANT SELECT ON office_proof TO cancuoc_programs;

GRANT SELECT ON schema_version TO cancuoc_programs, cancuoc_readers;

-- The trail. Number, time and hashes are the trigger's.
GRANT SELECT, INSERT (application, actor, event, reason) ON audit TO cancuoc_programs;

-- The acts, and who may do them. Founders are the owner's.
GRANT SELECT, INSERT (id, officer, act, subject, key, statement, signature, authenticator_data, client_data, path, mac) ON acts TO cancuoc_programs;
GRANT SELECT, INSERT (act, subject, claimed, why, statement, digest, seq, mac, source) ON refused_acts TO cancuoc_programs;
GRANT SELECT, INSERT (badge, unit, roles, valid_from, valid_to, act), UPDATE (unit, roles, valid_from, valid_to, revoked_at, act) ON officers TO cancuoc_programs;
GRANT SELECT, INSERT (key, officer, passkey_id, act), UPDATE (revoked_at, counter, counted) ON credentials TO cancuoc_programs;
GRANT SELECT, INSERT, DELETE ON refused_statements TO cancuoc_programs;
GRANT SELECT ON competences TO cancuoc_programs;
GRANT SELECT, INSERT (token, officer, key, act, until), UPDATE (ended_at), DELETE ON sessions TO cancuoc_programs;

GRANT SELECT, INSERT (officer, payloads, named, redacted, seq, mac) ON decodes TO cancuoc_programs;
GRANT SELECT, INSERT (officer, subject, what, seq, mac) ON reads TO cancuoc_programs;
GRANT SELECT, INSERT (card, became, by_whom, reason, seq, mac) ON card_reports TO cancuoc_programs;

-- Look-ups that found nothing, which are forgotten again.
GRANT SELECT, INSERT, UPDATE, DELETE ON look_up_misses TO cancuoc_programs;

GRANT SELECT, INSERT (application, amount, receipt, paid_to, paid_act), UPDATE (due_back, refunded_by, refunded_act, refunded_at, refund_receipt) ON payments TO cancuoc_programs;

-- The digital signatures of cards, and the letters with their first PINs.
GRANT SELECT, INSERT (serial, application, attempt, station, digest, sealed), UPDATE (superseded_at) ON signature_certificates TO cancuoc_programs;
GRANT SELECT, INSERT (application, attempt, officer, act) ON pin_letters TO cancuoc_programs;
GRANT SELECT, INSERT (act, officer, application, attempt, number, what, of, sealed), UPDATE (done_at) ON card_orders TO cancuoc_programs;

-- The ledgers.
GRANT SELECT ON blank_movements TO cancuoc_programs;
GRANT SELECT, INSERT (number, first_serial, last_serial, blanks, location, received_by, counted_by, act, document) ON boxes TO cancuoc_programs;
GRANT SELECT, INSERT (serial, box, account, location, chip, key_version, document), UPDATE (account, location, application, attempt, given_back) ON blanks TO cancuoc_programs;
GRANT SELECT, INSERT (application, step, round, officer, enrolled_by, verdict, reason, for_citizen, request, stage, paper) ON decisions TO cancuoc_programs;
GRANT SELECT, INSERT (station, actor, act, reason) ON station_acts TO cancuoc_programs;
GRANT SELECT, INSERT (application, stage, round, found) ON findings TO cancuoc_programs;

-- What stands somewhere, and moves. What was applied for, and by whom, does not change.
GRANT SELECT,
    INSERT (number, stage, due, station, enrollment_id, officer, digest, province, type, ground, channel, filed_on, delivery,
        destination, urgent, citizen, sealed, notify, law, form, processing_days, fee, enrolled_act, needs_capture),
    UPDATE (stage, fee, awaiting, awaiting_why, awaiting_since, awaiting_until, clock_stopped_at, attempt, capture_round, captured, probes, held, reason, due, entered_at,
        started_at, citizen, sealed_number, trouble, trouble_since)
    ON applications TO cancuoc_programs;
GRANT SELECT,
    INSERT (application, attempt, state, citizen, serial, form, issued, expires, sealed, digest_form, digest_sod, digest_print, approved_by, holder, holder_version, document),
    UPDATE (state, digest_sod, signer, blank, station, unsure, consignment, missing, place, reason, handed_over, handed_over_by, handed_over_act, handed_over_at, proof, score, probe, old_card, old_card_reason, changed_at,
        changed_by, changed_act)
    ON cards TO cancuoc_programs;
GRANT SELECT, INSERT (number, destination, origin, state, cards, sealed_by),
    UPDATE (state, cards, courier, seal, opened_at, sealed_by, sent_by, sent_at, received_by, received_at, counted, said_missing, said_surplus, announced_at,
        sealed_act, sent_act, received_act)
    ON consignments TO cancuoc_programs;
GRANT SELECT, INSERT (consignment, named, application, attempt, outcome, note, officer), UPDATE (settled_by, settled_at, settlement)
    ON surplus_cards TO cancuoc_programs;
GRANT SELECT, USAGE ON SEQUENCE consignment_numbers TO cancuoc_programs;

-- What is due is erased by its owner's function, which is all that programs may call.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION erase_due(integer) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION erase_due(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_due(integer) TO cancuoc_programs;
GRANT SELECT ON retention, least_waits TO cancuoc_programs, cancuoc_readers;

-- Which place of the status lists is whose, only a secret tells, which no program reads.
ALTER FUNCTION place_card() SECURITY DEFINER;
GRANT SELECT ON SEQUENCE status_places TO cancuoc_programs;
GRANT SELECT, INSERT (id, name, token, per_second, act), UPDATE (name, token, per_second, act, revoked_at) ON verifiers TO cancuoc_programs;

-- Who is known.
GRANT SELECT, INSERT, UPDATE (province, name, address, hours, public_key, revoked) ON stations TO cancuoc_programs;
-- A person's number and record change by acts, which person_changes keeps. Numbers are
-- given and canceled by a trigger alone, as its owner.
ALTER FUNCTION know_number() SECURITY DEFINER;
ALTER FUNCTION know_same_person() SECURITY DEFINER;
GRANT SELECT, INSERT (number, citizen, person, status, identity_key, registered_for), UPDATE (number, citizen, person, status, status_on, version, same_as) ON citizens TO cancuoc_programs;
GRANT SELECT ON person_numbers TO cancuoc_programs;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION know_canceled_number(text, bytea) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION know_canceled_number(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION know_canceled_number(text, bytea) TO cancuoc_programs;
GRANT SELECT, INSERT (citizen, status), UPDATE (status, at) ON holders TO cancuoc_programs;
GRANT SELECT, INSERT (serial, act) ON revoked_signers TO cancuoc_programs;
GRANT SELECT, INSERT (version, use, bits, diversification, check_value, from_day, act) ON chip_keys TO cancuoc_programs;
GRANT SELECT, INSERT (person, version, change, actor, act, paper, reason, before, after, digest) ON person_changes TO cancuoc_programs;
GRANT SELECT, INSERT (application, round, person, not_these, paper) ON identifications TO cancuoc_programs;

-- What works, and for whom.
GRANT SELECT, INSERT (id, slots), UPDATE (seen_at, slots, paused_at, paused_by, paused_why, back_at, removed_at) ON stations_at_work TO cancuoc_programs;
GRANT SELECT, INSERT, UPDATE (holder, until) ON leases TO cancuoc_programs;

-- What is told to whom: events are written by triggers alone, as their owner, and reminders
-- by their owner's function. Programs say who receives, and what became of a delivery.
ALTER FUNCTION tell_of_application() SECURITY DEFINER;
ALTER FUNCTION tell_of_card() SECURITY DEFINER;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION remind(interval, integer) SECURITY DEFINER SET search_path = %I, pg_temp', current_schema());
END $$;
REVOKE ALL ON FUNCTION remind(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remind(interval, integer) TO cancuoc_programs;
GRANT SELECT, INSERT, UPDATE (kinds, way, active) ON receivers TO cancuoc_programs;
GRANT SELECT ON events TO cancuoc_programs, cancuoc_readers;
GRANT SELECT, UPDATE (state, since, next_at, tries, why, done_at, replayed) ON deliveries TO cancuoc_programs;
GRANT SELECT ON receivers, deliveries TO cancuoc_readers;

-- The vault, and the gallery, in which a round that was captured again takes a new place.
GRANT SELECT, INSERT ON vault_keys TO cancuoc_programs;
GRANT SELECT, INSERT, DELETE ON vault_blobs TO cancuoc_programs;
GRANT SELECT, INSERT (application, round), UPDATE (seq) ON gallery TO cancuoc_programs;

-- The books without the persons in them: `starter audit verify` and `starter stock` on
-- an auditor's machine, and dashboards.
GRANT SELECT ON card_reports, verifiers, revoked_signers, chip_keys, identifications, payments, pin_letters, card_orders, surplus_cards, acts, refused_acts, decodes, reads, officers, credentials, competences, audit, decisions, boxes, blanks, blank_movements, consignments, stations_at_work, station_acts TO cancuoc_readers;
GRANT SELECT (number, stage, awaiting, awaiting_why, awaiting_since, attempt, capture_round, held, reason, due, entered_at, received_at,
    started_at, trouble, trouble_since, erased_at, station, officer, enrolled_act, province, type, ground, channel, filed_on, delivery, destination, urgent, law, form, fee) ON applications TO cancuoc_readers;
GRANT SELECT (id, application, attempt, state, document, serial, form, digest_form, digest_sod, digest_print, blank, station, unsure, consignment, missing, reason,
    approved_by, handed_over, handed_over_by, handed_over_act, handed_over_at, proof, probe, old_card, old_card_reason, changed_at, changed_by, changed_act, erased_at) ON cards TO cancuoc_readers;
GRANT SELECT (id, kind, province, name, address, hours, public_key, revoked) ON stations TO cancuoc_readers;
GRANT SELECT (person, version, seq, at, change, actor, act, paper, reason, digest, erased_at) ON person_changes TO cancuoc_readers;
GRANT SELECT (id, same_as) ON citizens TO cancuoc_readers;
GRANT SELECT (serial, application, attempt, station, digest, issued_at, superseded_at) ON signature_certificates TO cancuoc_readers;
