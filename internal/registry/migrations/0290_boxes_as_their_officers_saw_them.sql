-- +goose Up

-- How often a box became another than its officers saw: with each step of its way, and once
-- it is sealed, with each card that joins or leaves it. Recounts count as well, below.
ALTER TABLE consignments ADD COLUMN round integer NOT NULL DEFAULT 1;

-- +goose StatementBegin
CREATE FUNCTION count_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.round := OLD.round + CASE WHEN NEW.state <> OLD.state OR NEW.state <> 'open' AND NEW.cards <> OLD.cards THEN 1 ELSE 0 END;
    RETURN NEW;
END $$;

-- The round of a box, but for one act.
CREATE FUNCTION consignment_round(of_number text, but text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT round + (SELECT count(DISTINCT id) FROM acts WHERE subject = 'consignment/' || of_number AND act = 'recount' AND id <> but)::integer
    FROM consignments WHERE number = of_number
$$;

-- An act on a box is on that which its officer saw. One that comes late, or is sent again
-- after it was refused, does nothing to what the box became.
CREATE FUNCTION saw_box() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    box  text := substr(NEW.subject, length('consignment/') + 1);
    seen integer := coalesce((convert_from(NEW.statement, 'UTF8')::jsonb -> 'content' ->> 'Round')::integer, 0);
BEGIN
    IF seen = 0 OR EXISTS (SELECT FROM acts WHERE id = NEW.id AND officer = NEW.officer) THEN -- it does not say; or was done before
        RETURN NEW;
    END IF;
    PERFORM FROM consignments WHERE number = box FOR UPDATE;
    IF consignment_round(box, NEW.id) <> seen THEN
        RAISE EXCEPTION 'the box is another' USING ERRCODE = 'check_violation', CONSTRAINT = 'box_as_seen';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER count_round BEFORE UPDATE ON consignments FOR EACH ROW EXECUTE FUNCTION count_round();
CREATE TRIGGER saw_box BEFORE INSERT ON acts FOR EACH ROW WHEN (NEW.subject LIKE 'consignment/%') EXECUTE FUNCTION saw_box();
