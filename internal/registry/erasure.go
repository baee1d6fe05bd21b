package registry

import "context"

// EraseDue erases the evidence of applications whose retention is over, by destroying it, the key
// under which everything else about the person is sealed, and whose it was; and what records of
// the built-in register were before and after changes whose time is over. It takes at most so many
// of both, and gives how many. What is due the database says: no program can erase anything else.
// What stays is an entry in the books about nobody, and who made which change, why, on which paper.
func (r *Registry) EraseDue(ctx context.Context, most int) (int, error) {
	var n int
	err := r.db.QueryRow(ctx, `SELECT erase_due($1)`, most).Scan(&n)
	return n, fail("erase what is due", err)
}
