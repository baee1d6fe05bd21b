-- +goose Up

-- Whoever's last card is kept by an authority, or was withdrawn after the application was
-- validated, is given another when an officer has released it since: who approves is not told.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION card_impediment(of_citizen bytea, of_application text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM citizens WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated'))
        OR EXISTS (SELECT FROM holders WHERE citizen = of_citizen AND status NOT IN ('alive', 'emigrated')) THEN
        RETURN 'card_of_the_living';
    END IF;
    IF EXISTS (SELECT FROM cards WHERE citizen = of_citizen
            AND (state = 'kept' OR state = 'withdrawn' AND changed_at > (SELECT max(at) FROM audit WHERE application = of_application AND event = 'entered Validation'))
            AND changed_at > coalesce((SELECT max(at) FROM decisions WHERE application = of_application AND step = 'release'), '-infinity')) THEN
        RETURN 'card_withdrawn_meanwhile';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
