package office

import (
	"context"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/transparency"
)

// AnchorMetrics are counted while the audit trail is anchored.
func (o *Office) AnchorMetrics() *transparency.Metrics {
	if o.anchoring == nil {
		o.anchoring = transparency.NewMetrics()
	}
	return o.anchoring
}

// Anchor anchors the audit trail in its log, which has a folder.
func (o *Office) Anchor() (*transparency.Anchor, error) {
	c := o.config.Audit
	key, err := transparency.ReadKey(c.KeyFile, !o.config.Production())
	if err != nil {
		return nil, err
	}
	log, err := transparency.Open(c.LogDir, c.CheckpointFile, key)
	if err != nil {
		return nil, err
	}
	return &transparency.Anchor{Log: log, Registry: o.Registry, Metrics: o.anchoring, Logger: o.logger}, nil
}

// StartAnchoring has the audit trail anchored every audit.anchor until ctx ends. What
// fails meanwhile is logged and counted; only a missing key is an error here. Nothing
// else waits for the log.
func (o *Office) StartAnchoring(ctx context.Context) error {
	if o.config.Audit.LogDir == "" {
		o.logger.WarnContext(ctx, "This worker does not anchor the audit trail; audit.log_dir is empty")
		return nil
	}
	anchor, err := o.Anchor()
	if err != nil {
		return err
	}
	go anchor.Run(ctx, o.config.Audit.Anchor)
	return nil
}

// VerifyAuditLog checks the log, and the registry against it: all applications, or those
// named. Where there is no log yet, there is no report.
func (o *Office) VerifyAuditLog(ctx context.Context, only ...identity.ApplicationNumber) (*transparency.Report, error) {
	c := o.config.Audit
	if !transparency.Exists(c.LogDir, c.CheckpointFile) {
		if c.PublicKey != "" { // whoever was given it expects a log
			return nil, identity.Refuse(identity.Conflict, "the audit log is not in audit.log_dir, and the settings have its public key (audit.public_key): it is gone, or elsewhere")
		}
		return nil, nil
	}
	public := c.PublicKey
	if public == "" {
		key, err := transparency.ReadKey(c.KeyFile, false)
		if err != nil {
			return nil, err
		}
		public = key.Public()
	}
	log, err := transparency.OpenPublic(c.LogDir, c.CheckpointFile, public)
	if err != nil {
		return nil, err
	}
	report, err := log.Verify(ctx, o.Registry, only...)
	return &report, err
}
