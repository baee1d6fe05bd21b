package registry

import "context"

// Setting reads what a registry's sessions have set.
func Setting(ctx context.Context, r *Registry, name string) (value string, err error) {
	return value, r.db.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
}

// Enter proves the vault's key for a session that a test opened.
var Enter = enter

// ProofOf is what only a program with the vault's key can say.
var ProofOf = proofOf

// CodeOfAct is what only programs with the vault's key compute.
var CodeOfAct = (*Registry).codeOfAct
