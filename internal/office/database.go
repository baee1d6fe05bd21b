package office

import (
	"context"
	"errors"
	"time"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/vault"
)

// Migrate brings the schema of the registry up to date, as the role that owns it.
func Migrate(ctx context.Context, c config.Config) (registry.Migration, error) {
	return migrate(ctx, c, registry.Migrate)
}

// MigrateAnew is Migrate that has the database take another proof of the vault's key.
func MigrateAnew(ctx context.Context, c config.Config) (registry.Migration, error) {
	return migrate(ctx, c, registry.MigrateAnew)
}

func migrate(ctx context.Context, c config.Config, do func(context.Context, string, func() (*vault.Vault, error)) (registry.Migration, error)) (registry.Migration, error) {
	url, err := owner(c)
	if err != nil {
		return registry.Migration{}, err
	}
	m, err := do(ctx, url, func() (*vault.Vault, error) { return openVault(c, !c.Production()) })
	if err == nil {
		err = registry.SettleWaits(ctx, url, waits(c))
	}
	return m, err
}

// waits is how long the citizen has, or whoever resolves a contradiction, by what is waited for.
func waits(c config.Config) map[identity.Action]time.Duration {
	return map[identity.Action]time.Duration{
		identity.ToRecapture: c.Office.Recapture, identity.ToResolve: c.Office.Resolution, identity.ToHandOver: c.Office.Collect,
	}
}

// Found registers the first officers, as the role that owns the schema, and gives those who were
// not registered before.
func Found(ctx context.Context, c config.Config, founders []registry.Founder) ([]identity.OfficerID, error) {
	url, err := owner(c)
	if err != nil {
		return nil, err
	}
	return registry.FoundEach(ctx, url, founders)
}

// owner is the URL of the role that owns the schema.
func owner(c config.Config) (string, error) {
	url, err := c.Database.Owner()
	if err != nil {
		return "", err
	}
	if url == "" && !c.Production() {
		url = c.Database.URL // of a database that has one role
	}
	if url == "" {
		return "", errors.New("database.owner_url is empty: give it, or database.owner_url_file")
	}
	return string(url), nil
}

// ErrTooStrong is the error of a program that logs in as a role that could change what
// the trail and the ledgers hold.
var ErrTooStrong = errors.New("database.url names a role that can change the audit trail: in production, programs log in as a member of cancuoc_programs, and of nothing that owns or may do more")

// checkDatabase refuses to work with a schema that is not migrated, as a role that may
// do too much, or with a wrong clock.
func (o *Office) checkDatabase(ctx context.Context) error {
	if err := o.Registry.CheckSchema(ctx); err != nil {
		return err
	}
	strong, err := o.Registry.TooStrong(ctx)
	if err != nil {
		return err
	}
	if strong && o.config.Production() {
		return ErrTooStrong
	}
	if strong {
		o.logger.InfoContext(ctx, "The role in database.url can change the audit trail; production refuses it")
	}
	return o.checkClock(ctx)
}
