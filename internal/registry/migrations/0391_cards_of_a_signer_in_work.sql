-- +goose Up

-- Which cards that were not handed over yet a document signer signed: cards_by_signer has the others.
CREATE INDEX cards_in_work_by_signer ON cards (signer) WHERE signer <> '' AND status_place IS NULL;
