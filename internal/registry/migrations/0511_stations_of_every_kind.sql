-- +goose Up

-- A station's row changes by what administrators sign, whatever kind it is said to be of.
DROP TRIGGER sign_station ON stations;
CREATE CONSTRAINT TRIGGER sign_station AFTER INSERT OR UPDATE ON stations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sign_station();
