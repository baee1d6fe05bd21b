package office

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/notify"
	"example.org/cancuoc/internal/registry"
)

const (
	lookForEvents = 2 * time.Second // how often each receiver's line looks for what is due
	triesAtLeast  = 10              // before an event is given up
)

// NotificationMetrics are counted while Notify runs, and from the registry.
func (o *Office) NotificationMetrics() *notify.Metrics {
	if o.notifying == nil {
		var names []string
		for _, r := range o.config.Notifications.Receivers {
			names = append(names, r.Name)
		}
		o.notifying = notify.NewMetrics(o.Registry.Backlogs, names, o.logger)
	}
	return o.notifying
}

// StartNotifying has receivers told what happens to applications, until ctx ends. What fails
// meanwhile is logged and counted; only keys that cannot be read are an error here. It is not
// a Temporal Schedule, for the reason that the reconciler is none.
func (o *Office) StartNotifying(ctx context.Context) error {
	c := o.config.Notifications
	s := &notify.Sender{
		Registry: o.Registry, Source: strings.TrimRight(o.config.Gateway.PublicURL, "/"), Code: o.Seal, Now: o.Now,
		Pause: notify.Backoff(c.RetryFirst, c.RetryMost), Patience: registry.Patience{Lasts: c.GiveUp, Tries: triesAtLeast},
		Timeout: c.Timeout, AtOnce: c.AtOnce, Remind: c.Remind, Look: lookForEvents, Metrics: o.notifying, Logger: o.logger,
	}
	for _, r := range c.Receivers {
		text, err := r.Keys()
		if err != nil {
			return err
		}
		keys, err := notify.ParseKeys(string(text))
		if err != nil {
			return fmt.Errorf("keys of receiver %s: %w", r.Name, err)
		}
		client, err := notify.NewClient(r.CAFile, c.AtOnce, c.Timeout)
		if err != nil {
			return fmt.Errorf("receiver %s: %w", r.Name, err)
		}
		kinds := r.Events
		if len(kinds) == 0 {
			kinds = identity.EventKinds
		}
		s.Receivers = append(s.Receivers, notify.Receiver{
			Receiver: registry.Receiver{Name: r.Name, Kinds: kinds, Way: r.By}, URL: r.URL, Keys: keys, ByReference: r.Reference, Client: client,
		})
	}
	go s.Run(ctx)
	return nil
}
