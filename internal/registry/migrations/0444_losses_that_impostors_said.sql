-- +goose Up

-- Whose fingers are another person's, or whose papers are forged, has reported no loss of the card's
-- holder either; and a card that was found is what it was.
DROP TRIGGER give_back_loss ON decisions;
CREATE TRIGGER give_back_loss AFTER INSERT ON decisions FOR EACH ROW
    WHEN (NEW.request <> '' AND (NEW.step = 'reject' AND split_part(NEW.reason, ':', 1) IN ('impersonation', 'data-not-proven', 'papers-forged')
        OR NEW.step = 'adjudicate' AND NEW.verdict = 'same person'
        OR NEW.step = 'withdraw' AND split_part(NEW.reason, ':', 1) IN ('filed-wrongly', 'card-found'))) EXECUTE FUNCTION give_back_loss();
