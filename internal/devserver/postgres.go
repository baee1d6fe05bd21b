package devserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"example.org/cancuoc/internal/registry/roles"
)

// Postgres is a private cluster. The system's own cluster is never touched.
type Postgres struct {
	*Process

	// URLs of database "cancuoc", with the passwords: secrets.
	URL       string // for programs, who may not change the trail and the ledgers
	OwnerURL  string // for the one who migrates
	ReaderURL string // for those who only look at the books
	AdminURL  string // of the cluster's superuser

	cluster cluster
	release func()
}

// PostgresOptions of a private cluster.
type PostgresOptions struct {
	Dir     string // where the cluster lives
	Durable bool   // writes survive a power cut; tests can do without
	Install bool   // apt-get may install the server if there is none
	Port    int    // wanted; another is taken when it is in use, or when it is 0
	Restore string // a backup that takes the cluster's place before it starts; empty: none
}

// hidden is where a cluster lives if PostgreSQL's user cannot reach its folder, for
// example in a clone below /root.
const hidden = "/var/lib/cancuoc"

// StartPostgres starts a cluster with a database "cancuoc" and the roles of the
// registry, and makes them if they do not exist. It listens on 127.0.0.1 only and
// requires the passwords in its URLs. A database of before there were roles is given to
// its owner.
//
// PostgreSQL refuses to run as root: for root it runs as the user postgres or nobody,
// who becomes the owner of Dir. If that user cannot reach Dir, the cluster lives under
// /var/lib/cancuoc, and Dir has a link to it.
func StartPostgres(ctx context.Context, o PostgresOptions, say Say) (*Postgres, error) {
	if err := ensureInstalled(ctx, o.Install, say); err != nil {
		return nil, err
	}
	owner, err := clusterOwner()
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o711); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	release, err := Claim(o.Dir, "lock")
	if err != nil {
		return nil, err
	}
	p, err := startPostgres(ctx, o, owner, say)
	if err != nil {
		release()
		return nil, err
	}
	p.release = release
	return p, nil
}

// startPostgres starts the server in a folder that is claimed.
func startPostgres(ctx context.Context, o PostgresOptions, owner owner, say Say) (*Postgres, error) {
	dir, err := owner.home(o.Dir)
	if err != nil {
		return nil, err
	}
	c := cluster{dir: dir, data: filepath.Join(dir, "data"), owner: owner}
	if c.bin = installed(ctx, c.version()); c.bin == "" {
		return nil, fmt.Errorf("the cluster in %s is of PostgreSQL %s, which is not installed; install that, or remove the folder", dir, c.version())
	}
	if o.Restore != "" {
		if err := c.restore(ctx, o.Restore); err != nil {
			return nil, err
		}
	}
	if c.version() == "" {
		say.say("Making a private PostgreSQL cluster ...")
		if err := c.create(ctx); err != nil {
			return nil, err
		}
	}
	if err := endOrphan(ctx, filepath.Join(c.data, "postmaster.pid"), c.data, syscall.SIGINT); err != nil {
		return nil, err
	}
	return retry(ctx, func(ctx context.Context) (*Postgres, error) { return c.run(ctx, o, say) })
}

// cluster is a PostgreSQL cluster on disk.
type cluster struct {
	bin   string // the server's programs
	dir   string // the cluster's password and log
	data  string
	owner owner
}

// version is the cluster's major version; "" if there is no cluster yet.
func (c cluster) version() string {
	b, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// create makes the cluster whole, or not at all.
func (c cluster) create(ctx context.Context) error {
	password, fresh := c.passwordFile(admin), c.data+".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w", err)
	}
	if err := os.WriteFile(password, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w", err)
	}
	if err := c.owner.give(password); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"),
		"-D", fresh, "-U", admin, "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale=C.UTF-8")
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner.credential, Setpgid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w\n%s", err, out)
	}
	if err := os.Rename(fresh, c.data); err != nil {
		return fmt.Errorf("make PostgreSQL cluster: %w", err)
	}
	return nil
}

// Who logs in to the cluster.
const (
	admin   = "cancuoc" // its superuser
	office  = "cancuoc_office"
	auditor = "cancuoc_auditor"
)

// logins are those with the roles of the registry.
var logins = []struct {
	name string
	of   []string
}{{roles.Owner, nil}, {office, []string{roles.Programs}}, {auditor, []string{roles.Readers}}}

func (c cluster) passwordFile(login string) string {
	if login == admin {
		return filepath.Join(c.dir, "password")
	}
	return filepath.Join(c.dir, "password-"+login)
}

// admin is how we log in. A cluster without a password file requires no password.
func (c cluster) admin() (*url.Userinfo, error) {
	password, err := os.ReadFile(c.passwordFile(admin))
	if errors.Is(err, os.ErrNotExist) {
		return url.User(admin), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's password: %w", err)
	}
	return url.UserPassword(admin, strings.TrimSpace(string(password))), nil
}

// password is a login's, drawn at the first start.
func (c cluster) password(login string) (string, error) {
	name := c.passwordFile(login)
	password, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		password = []byte(rand.Text())
		err = os.WriteFile(name, append(password, '\n'), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("keep the password of %s: %w", login, err)
	}
	return strings.TrimSpace(string(password)), nil
}

// run starts the server on a port that is free now.
func (c cluster) run(ctx context.Context, o PostgresOptions, say Say) (*Postgres, error) {
	user, err := c.admin()
	if err != nil {
		return nil, err
	}
	port, err := portOr(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	say.say("Starting PostgreSQL at 127.0.0.1:%d ...", port)
	log := filepath.Join(c.dir, "postgres.log")
	process, err := spawn(command{
		name: filepath.Join(c.bin, "postgres"), args: c.settings(port, o.Durable),
		dir: c.dir, log: log, credential: c.owner.credential, quit: syscall.SIGINT, // a "fast" shutdown
	})
	if err != nil {
		return nil, err
	}
	u := &url.URL{
		Scheme: "postgres", User: user,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	err = process.await(ctx, "PostgreSQL", func(ctx context.Context) error { return ensureDatabase(ctx, u.String()) })
	if err != nil {
		process.Stop()
		return nil, err
	}
	u.Path = "/cancuoc"
	p := &Postgres{Process: process, AdminURL: u.String(), cluster: c}
	if err := c.ensureRoles(ctx, p, u); err != nil {
		process.Stop()
		return nil, err
	}
	return p, nil
}

// ensureRoles makes the roles of the registry and those who log in with them, gives
// them the database, and notes their URLs.
func (c cluster) ensureRoles(ctx context.Context, p *Postgres, database *url.URL) error {
	conn, err := pgx.Connect(ctx, database.String())
	if err != nil {
		return fmt.Errorf("make roles: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost
	if err := errors.Join(roles.Make(ctx, conn), roles.GiveDatabase(ctx, conn)); err != nil {
		return err
	}
	urls := make(map[string]string)
	for _, login := range logins {
		password, err := c.password(login.name)
		if err != nil {
			return err
		}
		if err := roles.Login(ctx, conn, login.name, password, login.of...); err != nil {
			return err
		}
		u := *database
		u.User = url.UserPassword(login.name, password)
		urls[login.name] = u.String()
	}
	p.OwnerURL, p.URL, p.ReaderURL = urls[roles.Owner], urls[office], urls[auditor]
	return nil
}

// Backup makes a base backup of the running cluster, in place of the one before, and
// gives its folder.
func (p *Postgres) Backup(ctx context.Context) (string, error) {
	c := p.cluster
	fresh, kept := filepath.Join(c.dir, "backup.new"), filepath.Join(c.dir, "backup")
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("back PostgreSQL up: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "pg_basebackup"), "-D", fresh, "-X", "stream", "-c", "fast", "-d", p.AdminURL)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner.credential, Setpgid: true}
	if err := cmd.Run(); err != nil { // what it says may hold the password
		return "", fmt.Errorf("back PostgreSQL up: %w", err)
	}
	if err := os.RemoveAll(kept); err != nil {
		return "", fmt.Errorf("back PostgreSQL up: %w", err)
	}
	if err := os.Rename(fresh, kept); err != nil {
		return "", fmt.Errorf("back PostgreSQL up: %w", err)
	}
	return kept, nil
}

// restore puts a backup in the place of the cluster, which must not run.
func (c cluster) restore(ctx context.Context, backup string) error {
	if err := os.RemoveAll(c.data); err != nil {
		return fmt.Errorf("restore PostgreSQL: %w", err)
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", backup, c.data).CombinedOutput(); err != nil {
		return fmt.Errorf("restore PostgreSQL: %w\n%s", err, out)
	}
	return nil
}

// settings are the server's. Statements are not logged, not even those that fail:
// they hold personal data.
func (c cluster) settings(port int, durable bool) []string {
	args := []string{
		"-D", c.data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", "", "-c", "max_connections=200",
		"-c", "shared_buffers=256MB", "-c", "log_statement=none", "-c", "log_min_error_statement=panic", "-c", "log_error_verbosity=terse",
	}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	return args
}

// ensureDatabase makes the database once the server answers.
func ensureDatabase(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'cancuoc')`).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE cancuoc`)
	return err
}

// Stop ends the cluster; what was committed is on disk.
func (p *Postgres) Stop() {
	p.Process.Stop()
	p.release()
}

// owner is the user that a cluster runs as.
type owner struct {
	credential *syscall.Credential // nil: as we are
	uid, gid   int
}

// clusterOwner is postgres or nobody if we are root, else ourselves.
func clusterOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return owner{}, fmt.Errorf("look up user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return owner{}, fmt.Errorf("look up user %s: %w", name, err)
		}
		return owner{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, uid: int(uid), gid: int(gid)}, nil
	}
	return owner{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}

// give makes the owner own a file or folder, unless that is us.
func (o owner) give(name string) error {
	if o.credential == nil {
		return nil
	}
	if err := os.Lchown(name, o.uid, o.gid); err != nil {
		return fmt.Errorf("give to PostgreSQL's user: %w", err)
	}
	return nil
}

// home is the folder that the cluster lives in: dir or, if the owner cannot reach it,
// the folder that the link dir/cluster leads to.
func (o owner) home(dir string) (string, error) {
	if o.credential == nil || open(dir) {
		return dir, o.give(dir)
	}
	link := filepath.Join(dir, "cluster")
	if at, err := filepath.EvalSymlinks(link); err == nil {
		return at, nil
	}
	if err := os.MkdirAll(hidden, 0o711); err != nil {
		return "", fmt.Errorf("make folder of PostgreSQL: %w", err)
	}
	elsewhere, err := os.MkdirTemp(hidden, "postgres-")
	if err != nil {
		return "", fmt.Errorf("make folder of PostgreSQL: %w", err)
	}
	if err := o.give(elsewhere); err != nil {
		return "", err
	}
	_ = os.Remove(link) // one that leads nowhere
	if err := os.Symlink(elsewhere, link); err != nil {
		return "", fmt.Errorf("link folder of PostgreSQL: %w", err)
	}
	return elsewhere, nil
}

// open reports whether other users may pass through dir and its parents.
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
