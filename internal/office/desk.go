package office

import (
	"net/url"
	"strings"
	"time"

	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/registry"
)

// Desk is where officers' statements are done.
func (o *Office) Desk() *desk.Desk {
	d := &desk.Desk{
		Registry: o.Registry, Population: o.Population, Sizes: o.Sizes(), Office: o,
		Passkeys: passkey.Origin(o.config.Gateway.OfficersURL),
		LogIns:   registry.LogIns{AnHour: o.config.Gateway.LogInsAnHour, Open: o.config.Gateway.OpenSessions},
		Temporal: o.reachTemporal,
		Near:     func(at time.Time) (time.Time, error) { return o.Calendar.Near(at, o.config.Office.AtRiskDays) },
		Papers:   desk.Papers{Renderer: o.Forms, StatusPage: o.config.Gateway.PublicURL, Specimen: o.config.Forms.Specimen},
	}
	if status, err := o.Status(); err == nil && status != nil { // who serves verifiers hears of an error
		d.Sign = status.Signer.Sign
	}
	return d
}

// Seal gives the code under which the office's gateways know again what one of them gave
// to a client.
func (o *Office) Seal(content []byte) ([]byte, error) { return o.vault.Digest(content) }

// TemporalUI is where the office's namespace is shown to people; empty: the settings name no
// Temporal UI.
func (o *Office) TemporalUI() string {
	t := o.config.Temporal
	if t.UIAddress == "" {
		return ""
	}
	return strings.TrimRight(t.UIAddress, "/") + "/namespaces/" + url.PathEscape(t.Namespace)
}
