package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/cancuoc/internal/vault"
)

// The errors of a program that connects and cannot write.
var (
	ErrOtherVault = errors.New("the vault's key is not that of the programs that write to this database: is it the right vault.key_file? If it is, `starter migrate --new-proof` has the database take it")
	ErrNoProof    = errors.New("the database does not know yet which vault's key lets programs write: run `starter migrate` where vault.key_file is")
)

// proofOf is what only a program with the vault's key can say to the database, of that salt.
func proofOf(v *vault.Vault, salt []byte) ([]byte, error) {
	proof, err := v.Digest(append([]byte("a program of the office writes to its registry"), salt...))
	if err != nil {
		return nil, fmt.Errorf("prove the vault's key: %w", err)
	}
	return proof, nil
}

// enter proves to the database that this program holds the vault's key, without which a
// session writes nothing. A schema of before asks for no proof, and an auditor's role can
// give none: what needs it is refused where it is tried.
func enter(ctx context.Context, conn *pgx.Conn, v *vault.Vault) error {
	if v == nil {
		return nil
	}
	var salt []byte
	err := conn.QueryRow(ctx, `SELECT salt FROM office_proof`).Scan(&salt)
	none := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !none {
		return unasked(err)
	}
	proof, err := proofOf(v, salt)
	if err != nil {
		return err
	}
	var ours bool
	if err := conn.QueryRow(ctx, `SELECT enter_office($1)`, proof).Scan(&ours); err != nil {
		return unasked(err)
	}
	switch {
	case ours:
		return nil
	case none:
		return ErrNoProof
	}
	return ErrOtherVault
}

// unasked leaves out that the database asks this role for no proof.
func unasked(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == undefinedTable || pg.Code == undefinedColumn || pg.Code == undefinedFunction || pg.Code == insufficientPrivilege) {
		return nil
	}
	return err
}

// settleProof has the database take the proof of whoever holds the vault's key, as its owner: if
// it takes none, or one that the owner has not looked at; with anew, in any case. It reports
// whether it was another one before.
func settleProof(ctx context.Context, tx pgx.Tx, open func() (*vault.Vault, error), anew bool) (bool, error) {
	var digest, salt []byte
	err := tx.QueryRow(ctx, `SELECT digest, salt FROM office_proof FOR UPDATE`).Scan(&digest, &salt)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, err
	}
	if salt != nil && !anew {
		return false, nil
	}
	v, err := open()
	if err != nil {
		return false, fmt.Errorf("settle by which key programs write, for which the programs' vault.key_file is needed here: %w", err)
	}
	if digest != nil && salt == nil && !anew {
		old, err := proofOf(v, nil)
		if sum := sha256.Sum256(old); err != nil || string(sum[:]) == string(digest) { // by programs that are running
			_, failed := tx.Exec(ctx, `UPDATE office_proof SET salt = ''`)
			return false, errors.Join(err, failed)
		}
	}
	salt = make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return false, err
	}
	proof, err := proofOf(v, salt)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(proof)
	_, err = tx.Exec(ctx, `DELETE FROM office_proof`)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO office_proof (digest, salt) VALUES ($1, $2)`, sum[:], salt)
	}
	return err == nil, err
}
