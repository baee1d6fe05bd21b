-- +goose Up

-- Who adjudicates says of two applications whether they are one person's: whoever enrolled or
-- captured either of them is not asked.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION decided_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF captured_by(NEW.application, NEW.officer) THEN
        RAISE EXCEPTION 'whoever captured' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_captures';
    END IF;
    IF NEW.step = 'adjudicate' AND EXISTS (
        SELECT FROM findings f CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(f.found -> 'Hits') WHEN 'array' THEN f.found -> 'Hits' ELSE '[]' END) AS hit (number)
        JOIN applications a ON a.number = hit.number
        WHERE f.application = NEW.application AND f.stage = 'Deduplication' AND (a.officer = NEW.officer OR captured_by(a.number, NEW.officer)))
    THEN
        RAISE EXCEPTION 'whoever enrolled the other' USING ERRCODE = 'check_violation', CONSTRAINT = 'four_eyes_on_hits';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
