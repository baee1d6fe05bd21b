package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/devserver"
	"example.org/cancuoc/internal/devserver/devservertest"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/internal/web/webtest"
	"example.org/cancuoc/workflows"
)

// In a real browser, the development server's own UI shows a history: in the clear to an
// auditor, without what people wrote to who runs the stations, as ciphertext to others and
// to who is not logged in; and each decoding is kept.
func TestTemporalUI_DecodesForWhoMaySee(t *testing.T) {
	t.Parallel()
	b := webtest.Open(t)
	devservertest.NeedTemporal(t)
	s := openAtWorkWith(t, func(gateway string) *devserver.Temporal {
		temporal, err := devserver.StartTemporal(t.Context(), devserver.TemporalOptions{
			Dir: t.TempDir(), UI: true, Codec: gateway + "/codec", SearchAttributes: workflows.SearchAttributes,
		}, nil)
		require.NoError(t, err)
		t.Cleanup(temporal.Stop)
		return temporal
	})
	number := s.file(t, "03-exchange-at-40")
	s.waits(t, number, identity.ToResolve)
	hold := identity.Hold{Officer: "PD-079-0001", Reason: "under-verification: hai bản khai"}
	_, err := s.office.Desk().Do(t.Context(), registrytest.Signed(hold, statement.Application(number)), nil)
	require.NoError(t, err)
	s.waits(t, number, identity.ToRelease)
	// The UI shows the details in a frame of their own, whose address has them.
	const shown = `[document.body.innerText, ...Array.from(document.querySelectorAll("iframe"), (f) => new URL(f.src).searchParams.get("content"))].join("\n")`
	const encrypted, enrolled, wrote = "YmluYXJ5L2VuY3J5cHRlZA==", "EnrolledBy", "hai bản khai" // the first is the encoding, binary/encrypted

	for name, tt := range map[string]struct {
		page           *webtest.Page
		input, details string // what stands in them
		not            []string
	}{
		"Auditor":    {s.officer(t, b, "KT-C06-0001").Page, enrolled, "Held: under-verification: " + wrote, []string{encrypted}},
		"Production": {s.officer(t, b, "SX-C06-0001").Page, enrolled, "Held: [redacted]", []string{encrypted, wrote}},
		"Stock":      {s.officer(t, b, "TK-C06-0001").Page, encrypted, "", []string{enrolled, wrote}},
		"Province":   {s.officer(t, b, "PD-079-0002").Page, encrypted, "", []string{enrolled, wrote}},
		"Nobody":     {b.NewPage(t), encrypted, "", []string{enrolled, wrote}},
	} {
		s.readHistory(tt.page, number)
		tt.page.Shows(tt.input)
		tt.page.Click("#user-metadata-tab")
		tt.page.Shows("Current Details")
		if tt.details != "" { // what it was begun with, as people write it
			tt.page.Await(shown + `.includes("Limits: recapture ")`)
		}
		tt.page.Await(shown + ".includes(" + quoted(tt.details) + ")")
		text := tt.page.Eval(shown)
		for _, not := range tt.not {
			require.NotContains(t, text, not, name)
		}
	}

	decodes, err := s.office.Registry.Decodes(t.Context(), 1000)
	require.NoError(t, err)
	byWhom := make(map[identity.OfficerID]bool)
	for _, d := range decodes {
		byWhom[d.Officer] = d.Redacted
		require.Subset(t, []string{string(number)}, d.Named)
	}
	require.Equal(t, map[identity.OfficerID]bool{"KT-C06-0001": false, "SX-C06-0001": true}, byWhom)
}

// readHistory opens the history of an application in the Temporal UI, after its settings
// were made to send the session to the codec, as its form for a browser's own settings does.
func (s server) readHistory(page *webtest.Page, number identity.ApplicationNumber) {
	page.Go(s.settings.Temporal.UIAddress + "/namespaces/default/workflows/application-" + string(number))
	page.Eval(`Object.entries({endpoint: "` + s.URL + `/codec", includeCredentials: true, overrideRemoteCodecConfiguration: true})
		.forEach(([name, value]) => localStorage.setItem(name, JSON.stringify(value)))`)
	page.Eval(`location.reload()`)
	page.Shows("Workflow Execution Started")
}
