-- +goose Up

-- Certificates of art. 30 of Law 26/2023/QH15 are made on blanks of their own: numbered
-- paper, which is accounted for as blanks of cards are. There are few of them: they are in
-- stock at the center alone, from which every station takes.
ALTER TABLE boxes ADD COLUMN document text NOT NULL DEFAULT 'card' CONSTRAINT box_document CHECK (document IN ('card', 'certificate'));
ALTER TABLE blanks ADD COLUMN document text NOT NULL DEFAULT 'card' CONSTRAINT blank_document CHECK (document IN ('card', 'certificate')),
    ADD CONSTRAINT certificates_in_stock_at_center CHECK (document = 'card' OR account <> 'stock' OR location = 'center');
ALTER TABLE cards ADD COLUMN document text NOT NULL DEFAULT 'card' CONSTRAINT card_document CHECK (document IN ('card', 'certificate'));

DROP INDEX blanks_in_stock;
CREATE INDEX blanks_in_stock ON blanks (document, location, given_back, serial) WHERE account = 'stock';

-- A card has a blank for cards, a certificate one for certificates.
CREATE UNIQUE INDEX blanks_by_document ON blanks (serial, document);
ALTER TABLE cards ADD CONSTRAINT blank_for_document FOREIGN KEY (blank, document) REFERENCES blanks (serial, document) NOT VALID;
