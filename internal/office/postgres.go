package office

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a private cluster of ours. A cluster of the system is never
// touched.
type Postgres struct {
	URL     string
	PID     int
	process *process
}

// PostgresOptions of a private cluster.
type PostgresOptions struct {
	Dir     string // where the cluster lives
	Durable bool   // writes survive a power cut; tests can do without
	Install bool   // apt-get may install the server if there is none
	Port    int    // wanted; another is taken when it is in use, or when it is 0
}

// StartPostgres starts a cluster, made at first, with a database "cancuoc".
//
// PostgreSQL refuses to run as root; then it runs as the user postgres, or
// nobody, and if that user cannot reach Dir the cluster lives under /var/tmp, in
// a folder named after Dir.
func StartPostgres(ctx context.Context, o PostgresOptions, say Say) (*Postgres, error) {
	bin, err := postgresBin(ctx, o.Install, say)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	owner, err := clusterOwner()
	if err != nil {
		return nil, err
	}
	if dir, err = reachable(dir, owner); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		say.say("Making a private PostgreSQL cluster ...")
		if err := initdb(ctx, bin, data, owner); err != nil {
			return nil, err
		}
	}
	port, err := portOr(o.Port)
	if err != nil {
		return nil, err
	}
	args := []string{
		"-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", "", "-c", "max_connections=200",
		"-c", "shared_buffers=256MB", "-c", "log_statement=none", "-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse",
	}
	if !o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	say.say("Starting PostgreSQL at 127.0.0.1:%d ...", port)
	p := &Postgres{URL: (&url.URL{
		Scheme: "postgres", User: url.User("cancuoc"), Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()}
	if p.process, err = spawn(filepath.Join(dir, "postgres.log"), owner.credential, filepath.Join(bin, "postgres"), args...); err != nil {
		return nil, err
	}
	p.PID = p.process.cmd.Process.Pid
	if err := p.process.await(ctx, "PostgreSQL", p.prepare); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// prepare makes the database once the server answers.
func (p *Postgres) prepare(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'cancuoc')`).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := conn.Exec(ctx, `CREATE DATABASE cancuoc`); err != nil {
			return err
		}
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return err
	}
	u.Path = "/cancuoc"
	p.URL = u.String()
	return nil
}

// Stop ends the cluster; what was committed is on disk.
func (p *Postgres) Stop() { p.process.stop(syscall.SIGINT, 30*time.Second) }

// owner is the user that a cluster runs as.
type owner struct {
	credential *syscall.Credential // nil: as we are
	uid, gid   int
}

// clusterOwner is postgres or nobody when we are root, and else ourselves.
func clusterOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32) // numbers, on every system that this runs on
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return owner{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, uid: int(uid), gid: int(gid)}, nil
	}
	return owner{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

// reachable makes dir the owner's. Where a folder above is closed to the owner
// (as /root is), the cluster lives in /var/tmp, under a name made of dir's.
func reachable(dir string, o owner) (string, error) {
	if o.credential != nil && !open(filepath.Dir(dir)) {
		dir = filepath.Join("/var/tmp", "cancuoc-"+strconv.FormatUint(hash(dir), 36))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make folder of PostgreSQL: %w", err)
	}
	if o.credential != nil {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			return "", fmt.Errorf("give folder to PostgreSQL: %w", err)
		}
	}
	return dir, nil
}

// open reports whether others may pass through dir and all above it; those that
// do not exist yet will be made for us alone, so they are not.
func open(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == "/" {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// hash is FNV-1a of a path.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func initdb(ctx context.Context, bin, data string, o owner) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), //nolint:gosec // a program of PostgreSQL
		"-D", data, "-U", "cancuoc", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
	cmd.Dir = filepath.Dir(data)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: o.credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w\n%s", err, out)
	}
	return nil
}

// postgresBin finds the newest installed server, or installs one.
func postgresBin(ctx context.Context, install bool, say Say) (string, error) {
	find := func() string {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is well formed
		if len(found) == 0 {
			found, _ = filepath.Glob("/usr/local/pgsql/bin/postgres")
		}
		if len(found) == 0 {
			return ""
		}
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1])
	}
	if bin := find(); bin != "" {
		return bin, nil
	}
	if !install {
		return "", errors.New("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
	}
	say.say("Installing PostgreSQL with apt-get ...")
	if err := aptInstall(ctx); err != nil {
		return "", err
	}
	if bin := find(); bin != "" {
		return bin, nil
	}
	return "", errors.New("apt-get installed PostgreSQL, but there is no server under /usr/lib/postgresql")
}

// aptInstall installs the server without letting Debian make and start a cluster
// of the system.
func aptInstall(ctx context.Context) error {
	script := `set -e
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql`
	args := []string{"sh", "-c", script}
	if os.Geteuid() != 0 {
		args = append([]string{"sudo"}, args...)
	}
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil { //nolint:gosec // a script of ours
		return fmt.Errorf("install PostgreSQL (Debian package postgresql): %w\n%s", err, out)
	}
	return nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
