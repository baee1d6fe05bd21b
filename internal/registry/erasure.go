package registry

import "context"

// EraseDue erases the evidence of applications whose retention is over, at most so many, by
// destroying it and the key under which everything else about the person is sealed; and gives
// how many. What is due the database says: no program can erase anything else. What stays is
// an entry in the books about nobody.
func (r *Registry) EraseDue(ctx context.Context, most int) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `SELECT erase_due($1)`, most).Scan(&n)
	return n, fail("erase what is due", err)
}
