-- +goose Up

-- Which proof lets programs write, the schema's owner says (registry.Migrate), and not whichever
-- program connects first. The salt makes a proof that became known worth nothing: with another
-- salt, another proof follows from the same key. Null: the owner has not looked at it yet.
ALTER TABLE office_proof ADD COLUMN salt bytea;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION enter_office(proof bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cancuoc.proof', encode(proof, 'hex'), false);
    RETURN EXISTS (SELECT FROM office_proof WHERE digest = sha256(proof));
END $$;
-- +goose StatementEnd
