package registry

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// CollectFee records that the fee of an application was paid: once, in full, and while there
// is something to pay for.
func (r *Registry) CollectFee(ctx context.Context, number identity.ApplicationNumber, act identity.CollectFee, signed statement.Signed) error {
	err := r.act(ctx, act, statement.Application(number), signed, func(tx pgx.Tx) error {
		var fee int
		var stage identity.Stage
		err := tx.QueryRow(ctx, `SELECT fee, stage FROM applications WHERE number = $1 FOR NO KEY UPDATE`, number).Scan(&fee, &stage)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return noApplication(number)
		case err != nil:
			return err
		case fee == 0:
			return identity.Refuse(identity.Conflict, "application %s is free of charge", number)
		case fee != act.Amount:
			return identity.RefuseField(identity.Conflict, "amount", "is not the fee of application %s, which is %d VND", number, fee)
		case stage.Ended() && stage != identity.Issued:
			return identity.Refuse(identity.Conflict, "application %s has ended without a card (%s): nothing is paid for it", number, stage)
		}
		_, err = tx.Exec(ctx, `
			WITH paid AS (
				INSERT INTO payments (application, amount, receipt, paid_to, paid_act) VALUES (@application, @amount, @receipt, @officer, @act) RETURNING application
			)
			INSERT INTO audit (application, actor, event, reason) SELECT application, @officer, 'fee paid', 'receipt ' || @receipt FROM paid`,
			pgx.StrictNamedArgs{"application": number, "amount": act.Amount, "receipt": act.Receipt, "officer": act.Officer, "act": signed.ID()})
		return err
	})
	return fail("record payment", err)
}

// SettleFee sets the fee of an application that is being validated to what the population
// register and the card record say. What was paid before is due back if it is another amount.
func (r *Registry) SettleFee(ctx context.Context, number identity.ApplicationNumber, fee int) error {
	_, err := r.db.Exec(ctx, `
		WITH before AS (
			SELECT number, fee FROM applications WHERE number = $1 AND stage = `+stageValidation+` AND fee <> $2 FOR NO KEY UPDATE
		), settled AS (
			UPDATE applications a SET fee = $2 FROM before WHERE a.number = before.number RETURNING a.number, before.fee
		)
		INSERT INTO audit (application, actor, event, reason)
		SELECT number, `+actorSystem+`, 'fee settled', 'from ' || fee || ' to ' || $2 || ' VND, by the population register and the card held' FROM settled`, number, fee)
	return fail("settle fee", err)
}

// RefundFee records that a fee was given back, which is due since its application was
// rejected, or since the register said that it costs another amount.
func (r *Registry) RefundFee(ctx context.Context, number identity.ApplicationNumber, act identity.RefundFee, signed statement.Signed) error {
	err := r.act(ctx, act, statement.Application(number), signed, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			WITH refunded AS (
				UPDATE payments SET due_back = false, refunded_by = @officer, refunded_act = @act, refunded_at = now(), refund_receipt = @receipt
				WHERE application = @application AND due_back AND amount = @amount RETURNING application
			)
			INSERT INTO audit (application, actor, event, reason) SELECT application, @officer, 'fee refunded', 'receipt ' || @receipt FROM refunded`,
			pgx.StrictNamedArgs{"application": number, "amount": act.Amount, "receipt": act.Receipt, "officer": act.Officer, "act": signed.ID()})
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		return identity.Refuse(identity.Conflict, "application %s has no such fee to give back: it was not paid, was refunded, or is not due back (starter fees due)", number)
	})
	return fail("record refund", err)
}

// FeeRecorded reports whether that very payment or refund is on record.
func (r *Registry) FeeRecorded(ctx context.Context, number identity.ApplicationNumber, act identity.Act) (bool, error) {
	var recorded bool
	var err error
	switch act := act.(type) {
	case identity.CollectFee:
		err = r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM payments WHERE application = $1 AND amount = $2 AND receipt = $3 AND paid_to = $4)`,
			number, act.Amount, act.Receipt, act.Officer).Scan(&recorded)
	case identity.RefundFee:
		err = r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM payments WHERE application = $1 AND amount = $2 AND refund_receipt = $3 AND refunded_by = $4)`,
			number, act.Amount, act.Receipt, act.Officer).Scan(&recorded)
	}
	return recorded, fail("look for the payment", err)
}

// FeeDue is a fee that has to be given back.
type FeeDue struct {
	Application identity.ApplicationNumber `json:"application"`
	Amount      int                        `json:"amount"` // VND
	Receipt     string                     `json:"receipt"`
	PaidAt      time.Time                  `json:"paid_at"`
	Station     identity.StationID         `json:"station"` // where it was filed
}

// FeesDue lists the fees that have to be given back in a province, or everywhere, the oldest
// first.
func (r *Registry) FeesDue(ctx context.Context, unit identity.Unit) ([]FeeDue, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT p.application, p.amount, p.receipt, p.paid_at, a.station
		FROM payments p JOIN applications a ON a.number = p.application
		WHERE p.due_back AND ($1 = $2 OR a.province = $1) ORDER BY p.paid_at, p.application`, unit, identity.UnitCenter) // CollectRows reports the error
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[FeeDue])
	return list, fail("list fees to give back", err)
}

// Payment is what is known of the fee of an application.
type Payment struct {
	Fee      int        `json:"fee"` // VND; 0: free of charge
	Receipt  string     `json:"receipt,omitzero"`
	PaidTo   string     `json:"paid_to,omitzero"`
	PaidAt   *time.Time `json:"paid_at,omitzero"`   // none: it is not paid
	GiveBack int        `json:"give_back,omitzero"` // VND, of this payment, or of one before the fee was settled
	Refunded *time.Time `json:"refunded_at,omitzero"`
}

// Payment reads whether the fee of an application was paid, and given back.
func (r *Registry) Payment(ctx context.Context, number identity.ApplicationNumber) (Payment, error) {
	rows, _ := r.db.Query(ctx, `
		SELECT a.fee, coalesce(p.receipt, ''), coalesce(p.paid_to, ''), p.paid_at,
			(SELECT coalesce(sum(amount), 0) FROM payments WHERE application = a.number AND due_back), p.refunded_at
		FROM applications a LEFT JOIN LATERAL (
			SELECT * FROM payments WHERE application = a.number AND amount = a.fee ORDER BY paid_at DESC LIMIT 1) p ON true
		WHERE a.number = $1`, number) // CollectExactlyOneRow reports the error
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Payment])
	return p, fail("read payment", err)
}

// FeeDueBack is what has to be given back of an application's fee, in VND.
func (r *Registry) FeeDueBack(ctx context.Context, number identity.ApplicationNumber) (int, error) {
	var amount int
	err := r.db.QueryRow(ctx, `SELECT coalesce((SELECT sum(amount) FROM payments WHERE application = $1 AND due_back), 0)`, number).Scan(&amount)
	return amount, fail("read fee to give back", err)
}
