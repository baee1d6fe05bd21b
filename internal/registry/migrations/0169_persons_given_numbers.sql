-- +goose Up

-- Persons whom applications gave a number, and whom the population register came to know
-- only once they had a card. It knows them first now.
INSERT INTO citizens (number, person, status)
    SELECT al.number, a.person || jsonb_build_object('Number', al.number), 'alive'
    FROM allotments al JOIN applications a ON a.number = al.application ON CONFLICT (number) DO NOTHING;
