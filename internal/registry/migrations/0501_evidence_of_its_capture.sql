-- +goose Up

-- Evidence comes with what it is of: a packet with its application, a capture with its application or
-- for the next round, what a card is made from with the card, a finger with its try. Nobody adds a face
-- or a finger to a round that counts. What is there already stays as it is, whoever stores it again.
-- +goose StatementBegin
CREATE FUNCTION add_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    belongs boolean;
BEGIN
    CASE
        WHEN NEW.kind IN ('portrait', 'finger-left-index', 'finger-right-index', 'templates', 'iris-left', 'iris-right', 'packet') THEN
            belongs := EXISTS (SELECT FROM applications a WHERE a.number = NEW.application
                AND (NEW.attempt = 1 AND act_of_now(a.enrolled_act, a.officer) OR NEW.kind <> 'packet' AND NEW.attempt = a.capture_round + 1 AND a.stage = 'BiometricCapture'));
        WHEN NEW.kind IN ('chip', 'chip-image', 'print-pdf', 'print-portrait') THEN
            belongs := EXISTS (SELECT FROM cards c WHERE c.application = NEW.application AND c.attempt = NEW.attempt AND c.state = 'prepared');
        WHEN NEW.kind = 'probe' THEN
            belongs := EXISTS (SELECT FROM applications a WHERE a.number = NEW.application AND a.probes = NEW.attempt);
        ELSE
            belongs := NEW.kind = 'capture-sheet';
    END CASE;
    IF belongs IS NOT TRUE AND NOT EXISTS (
        SELECT FROM vault_blobs b WHERE b.application = NEW.application AND b.kind = NEW.kind AND b.attempt = NEW.attempt) THEN
        RAISE EXCEPTION 'evidence is of its capture' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_of_its_capture';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER add_evidence BEFORE INSERT ON vault_blobs FOR EACH ROW EXECUTE FUNCTION add_evidence();
