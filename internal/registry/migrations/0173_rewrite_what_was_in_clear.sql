-- +goose NO TRANSACTION
-- +goose Up

-- A column that was dropped, and a row that was changed, stay in the table's file until it
-- is written anew.
VACUUM FULL applications;
VACUUM FULL cards;
VACUUM FULL allotments;
