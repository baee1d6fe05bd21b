package devserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ensureInstalled makes sure that a server is installed: it installs one if it may.
func ensureInstalled(ctx context.Context, install bool, say Say) error {
	if installed(ctx, "") != "" {
		return nil
	}
	if !install {
		return errors.New("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
	}
	say.say("Installing PostgreSQL with apt-get; a minute or two ...")
	if err := aptInstall(ctx); err != nil {
		return err
	}
	if installed(ctx, "") == "" {
		return errors.New("apt-get installed PostgreSQL, but there is no server under /usr/lib/postgresql")
	}
	return nil
}

// installed finds the folder with the programs of a server: of that major version or,
// if it is "", of the newest. It looks where Debian installs servers and, for the
// newest, asks pg_config.
func installed(ctx context.Context, version string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(major(b), major(a)) })
	if version != "" {
		found = slices.DeleteFunc(found, func(bin string) bool { return filepath.Base(filepath.Dir(bin)) != version })
	} else if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		found = append(found, strings.TrimSpace(string(out)))
	}
	for _, bin := range found {
		if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
			return bin
		}
	}
	return ""
}

// major is the version in Debian's path of a server's programs; 0 if there is none.
func major(bin string) float64 {
	v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64) // 0 where there is none
	return v
}

// aptInstall installs the server without letting Debian make and start a cluster of
// the system. Existing settings of the system are kept.
func aptInstall(ctx context.Context) error {
	const script = `set -e
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
apt-get -o DPkg::Lock::Timeout=300 update -qq
apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y -qq --no-install-recommends postgresql`
	args := []string{"sh", "-c", script}
	if os.Geteuid() != 0 {
		args = append([]string{"sudo"}, args...)
	}
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("install PostgreSQL (Debian package postgresql): %w\n%s", err, out)
	}
	return nil
}

// PostgresInstalled reports whether there is a PostgreSQL server on this machine.
func PostgresInstalled(ctx context.Context) bool { return installed(ctx, "") != "" }
