-- +goose Up

-- The chip of an issued card is seen to where its holder lives, where the card was applied for and
-- where it was handed over, or by the center.
CREATE OR REPLACE FUNCTION card_provinces(doing text, of_serial text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN doing = 'withdraw-card' THEN (
        SELECT ARRAY[a.province, s.province]
        FROM cards c JOIN applications a ON a.number = c.application LEFT JOIN stations s ON s.id = a.destination WHERE c.serial = of_serial)
    WHEN doing IN ('extract-record', 'manage-card') THEN holder_provinces(of_serial)
    ELSE (SELECT array_agg(DISTINCT unit) FROM officers) END
$$;

-- Until now every unit's were allowed: `starter audit verify` looks at those as they were.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE format('CREATE FUNCTION cards_were_managed_anywhere_until() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $f$ SELECT %L::timestamptz $f$', now());
END $$;
-- +goose StatementEnd
