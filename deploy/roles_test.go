package deploy_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/registry"
)

// What docker-compose.yml does before the programs start: in a new database, in one
// whose tables a superuser made, and in one that is in order.
func TestRoles_LeadToADatabaseThatProgramsCannotChange(t *testing.T) {
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
	admin, err := url.Parse(devservertest.Postgres(t))
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), admin.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	secrets := t.TempDir()
	password, _ := admin.User.Password()
	as := func(user, password, database string) string {
		u := *admin
		u.User, u.Path = url.UserPassword(user, password), "/"+database
		return u.String()
	}
	for name, before := range map[string]func(database string){
		"new": func(string) {},
		"superuser": func(database string) {
			_, err := registry.Migrate(t.Context(), as(admin.User.Username(), password, database), nil)
			require.NoError(t, err)
		},
	} {
		database := "roles_of_" + name
		_, err := conn.Exec(t.Context(), "CREATE DATABASE "+database)
		require.NoError(t, err)
		defer func() {
			_, err := conn.Exec(t.Context(), "DROP DATABASE "+database)
			require.NoError(t, err)
		}()
		before(database)
		for _, round := range []string{"first", "second"} { // the second with other passwords
			for secret, value := range map[string]string{"database_password": password, "owner_password": "owner's " + round, "office_password": `office"s \` + round} {
				require.NoError(t, os.WriteFile(filepath.Join(secrets, secret), []byte(value), 0o600))
			}

			makeRoles(t, secrets, admin, database)

			_, err := registry.Migrate(t.Context(), as("cancuoc_owner", "owner's "+round, database), nil)
			require.NoError(t, err)
			r, err := registry.Open(t.Context(), as("cancuoc_office", `office"s \`+round, database), registry.Options{MaxConns: 1})
			require.NoError(t, err)
			require.NoError(t, r.CheckSchema(t.Context()))
			strong, err := r.TooStrong(t.Context())
			require.NoError(t, err)
			require.False(t, strong)
			r.Close()
			office, err := pgx.Connect(t.Context(), as("cancuoc_office", `office"s \`+round, database))
			require.NoError(t, err)
			_, err = office.Exec(t.Context(), `CREATE TEMPORARY TABLE audit (n int)`)
			require.ErrorContains(t, err, "permission denied")
			require.NoError(t, office.Close(t.Context()))
		}
	}
}

// makeRoles runs the script as docker-compose.yml does.
func makeRoles(t *testing.T, secrets string, admin *url.URL, database string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "postgresql/roles.sh")
	cmd.Env = append(os.Environ(), "SECRETS="+secrets, "ROLES=../internal/registry/roles",
		"PGHOST="+admin.Hostname(), "PGPORT="+admin.Port(), "PGUSER="+admin.User.Username(), "PGDATABASE="+database)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, strings.TrimSpace(string(out)))
}
