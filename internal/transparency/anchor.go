package transparency

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Anchor puts the heads of the registry's chains, and its acts, into a log. What is anchored twice,
// after a crash between the log and its checkpoint, does no harm.
type Anchor struct {
	Log      *Log
	Registry interface {
		// ReadAuditHeads has the heads read of chains that changed, unless another process
		// is doing so.
		ReadAuditHeads(ctx context.Context, reader registry.AuditReader) (done bool, err error)
	}
	Metrics *Metrics // nil: nothing is counted
	Logger  *slog.Logger

	recent map[identity.ApplicationNumber]int // heads that were anchored, and may be read again by the next pass
}

// Pass anchors once: what changed since the last pass of any process, or everything
// where the log is new. It gives the number of heads. While another process anchors, it
// does nothing.
func (a *Anchor) Pass(ctx context.Context) (heads int, err error) {
	p := pass{log: a.Log, known: a.recent, recent: make(map[identity.ApplicationNumber]int)}
	done, err := a.Registry.ReadAuditHeads(ctx, registry.AuditReader{
		Since: p.begin,
		Head:  func(h registry.AuditHead) error { return p.add(ctx, h) },
		End:   func(next int64) error { return p.end(ctx, next) },
	})
	if err == nil && p.anchored+p.alone > 0 {
		a.recent = p.recent
	}
	if a.Metrics != nil {
		a.Metrics.count(p.anchored, done, err)
	}
	return p.anchored, err
}

// pass is one pass.
type pass struct {
	log           *Log
	known, recent map[identity.ApplicationNumber]int
	since         int64
	before        Checkpoint // the last that is known to be consistent
	heads         []registry.AuditHead
	room          int // bytes left in the leaf that the heads are for
	leaves        [][]byte
	anchored      int // heads of chains
	alone         int // acts and founders
}

// batch is how many leaves are added at once.
const batch = 64

// begin gives from where on the registry is to be read: the log's last leaf says it. A
// log that does not hold what it held is refused.
func (p *pass) begin(ctx context.Context) (int64, error) {
	kept, err := p.log.Kept()
	if err != nil {
		return 0, err
	}
	p.before, err = p.log.Checkpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = p.log.consistent(ctx, kept, p.before)
	}
	if err != nil {
		return 0, err
	}
	last, err := p.log.last(ctx, p.before)
	if err != nil {
		return 0, err
	}
	if last == nil {
		p.known = nil // of another log
		return 0, nil
	}
	l, err := parseLeaf(last)
	if err != nil {
		return 0, changed("leaf %d: %s", p.before.Size-1, err)
	}
	p.since = l.next
	return l.next, nil
}

// add takes a head.
func (p *pass) add(ctx context.Context, h registry.AuditHead) error {
	if h.Again {
		p.recent[h.Application] = h.Seq
	}
	if p.known[h.Application] == h.Seq {
		return nil
	}
	line := len(appendHead(nil, h))
	if len(p.heads) > 0 && p.room < line {
		p.leaf(p.since) // should a crash make it the last leaf, all are read again
	}
	if len(p.heads) == 0 {
		p.room = leafBytes
	}
	p.room -= line
	p.heads = append(p.heads, h)
	if h.StandsAlone() {
		p.alone++
	} else {
		p.anchored++
	}
	if len(p.leaves) == batch {
		return p.write(ctx)
	}
	return nil
}

// end writes what is left, and where the next pass begins.
func (p *pass) end(ctx context.Context, next int64) error {
	if p.anchored+p.alone == 0 {
		return nil
	}
	p.leaf(next)
	return p.write(ctx)
}

func (p *pass) leaf(next int64) {
	p.leaves = append(p.leaves, leaf{next: next, heads: p.heads}.marshal())
	p.heads = p.heads[:0]
}

func (p *pass) write(ctx context.Context) error {
	now, err := p.log.append(ctx, p.before, p.leaves)
	if err != nil {
		return err
	}
	p.leaves = p.leaves[:0]
	p.before = now
	return p.log.keep(now)
}

// Run makes a pass every interval until ctx ends. After a pass that took long, the next
// one waits as long again. What fails is logged and counted, and nobody waits for it.
func (a *Anchor) Run(ctx context.Context, interval time.Duration) {
	for {
		begun := time.Now()
		if _, err := a.Pass(ctx); err != nil && ctx.Err() == nil {
			a.Logger.ErrorContext(ctx, "The audit trail could not be anchored; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(interval, time.Since(begun))):
		}
	}
}

// Metrics are what anchoring in this process did, for Prometheus.
type Metrics struct {
	heads, failures prometheus.Counter
	anchored        prometheus.Gauge
}

// NewMetrics makes the metrics, at zero.
func NewMetrics() *Metrics {
	return &Metrics{
		heads:    prometheus.NewCounter(prometheus.CounterOpts{Name: "cancuoc_audit_heads_anchored_total", Help: "Heads of audit chains that were put into the transparency log."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "cancuoc_audit_anchor_failures_total", Help: "Passes in which the audit trail could not be anchored."}),
		anchored: prometheus.NewGauge(prometheus.GaugeOpts{Name: "cancuoc_audit_last_anchored_timestamp_seconds", Help: "When the audit trail was last anchored by this process."}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range []prometheus.Collector{m.heads, m.failures, m.anchored} {
		c.Collect(ch)
	}
}

// count adds what a pass did.
func (m *Metrics) count(heads int, done bool, err error) {
	switch {
	case err != nil:
		m.failures.Inc()
	case done:
		m.heads.Add(float64(heads))
		m.anchored.SetToCurrentTime()
	}
}

// Report is what a verification of the log found.
type Report struct {
	Leaves  uint64                 `json:"leaves"`
	Heads   int                    `json:"heads"`             // anchored, of the applications asked for
	Alone   int                    `json:"acts,omitempty"`    // signatures of acts and founders that were anchored, unless applications are named
	Key     string                 `json:"key"`               // the public key that checked the signature
	Changed []registry.AuditChange `json:"changed,omitempty"` // trails that are not what was anchored
}

// Verify checks the log (signature, consistency with the kept checkpoint, inclusion of
// every leaf), and that the registry still has every entry that was anchored, with its
// hash. It looks at all applications, or at those named. A log that was changed is
// refused.
func (l *Log) Verify(ctx context.Context, trail interface {
	// ChangedHeads gives those that the registry does not have as they are given.
	ChangedHeads(ctx context.Context, heads []registry.AuditHead) ([]registry.AuditChange, error)
}, only ...identity.ApplicationNumber,
) (Report, error) {
	report := Report{Key: l.public}
	kept, err := l.Kept() // read first, since anchoring goes on
	if err != nil {
		return report, err
	}
	checkpoint, err := l.Checkpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) && kept.Size > 0 {
		return report, changed("it is gone, and had %d leaves", kept.Size)
	}
	if err != nil {
		return report, err
	}
	if err := l.consistent(ctx, kept, checkpoint); err != nil {
		return report, err
	}
	report.Leaves = checkpoint.Size
	wanted := make(map[identity.ApplicationNumber]bool)
	for _, number := range only {
		wanted[number] = true
	}
	var named changes
	err = l.Leaves(ctx, checkpoint, func(index uint64, b []byte) error {
		parsed, err := parseLeaf(b)
		if err != nil {
			return changed("leaf %d: %s", index, err)
		}
		heads := parsed.heads
		if len(wanted) > 0 {
			heads = nil
			for _, h := range parsed.heads {
				if wanted[h.Application] {
					heads = append(heads, h)
				}
			}
		}
		if len(heads) == 0 {
			return nil
		}
		for _, h := range heads {
			if h.StandsAlone() {
				report.Alone++
			} else {
				report.Heads++
			}
		}
		found, err := trail.ChangedHeads(ctx, heads)
		named.add(found)
		return err
	})
	report.Changed = named.list
	if err != nil {
		return report, err
	}
	return report, l.keep(checkpoint)
}

// changes lists trails that were changed, each by the first of its anchored entries that
// does not fit.
type changes struct {
	list []registry.AuditChange
	of   map[identity.ApplicationNumber]int
}

func (c *changes) add(found []registry.AuditChange) {
	if c.of == nil {
		c.of = make(map[identity.ApplicationNumber]int)
	}
	for _, f := range found {
		i, known := c.of[f.Application]
		switch {
		case !known:
			c.of[f.Application] = len(c.list)
			c.list = append(c.list, f)
		case f.Seq < c.list[i].Seq:
			c.list[i] = f
		}
	}
}
