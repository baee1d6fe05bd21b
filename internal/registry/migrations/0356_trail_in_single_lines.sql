-- +goose Up

-- Who reads the trail reads one line for each entry: nothing in it ends a line, turns its
-- direction, hides, or commands a terminal.
-- +goose StatementBegin
CREATE FUNCTION is_plain(text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT $1 !~ E'[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]' $$;
-- +goose StatementEnd
ALTER TABLE audit ADD CONSTRAINT audit_is_plain CHECK (is_plain(actor) AND is_plain(event) AND is_plain(reason) AND actor <> '' AND event <> '') NOT VALID;
ALTER TABLE station_acts ADD CONSTRAINT station_act_is_plain CHECK (is_plain(actor) AND is_plain(reason)) NOT VALID;

-- What acts of itself has its name in the trail, and nobody else does.
ALTER TABLE stations ADD CONSTRAINT station_is_no_actor CHECK (id !~ '^(system|holder)?$') NOT VALID;
ALTER TABLE stations_at_work ADD CONSTRAINT station_is_no_actor CHECK (id !~ '^(system|holder)?$' AND is_plain(id)) NOT VALID;
ALTER TABLE officers ADD CONSTRAINT officer_is_no_actor CHECK (upper(badge) NOT IN ('SYSTEM', 'HOLDER', 'CENTER')) NOT VALID;
