package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/api"
	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
)

// act posts a statement.
func (s server) act(t *testing.T, signed statement.Signed) (status int, text string) {
	t.Helper()
	body, err := json.Marshal(api.Act{Signed: signed})
	require.NoError(t, err)
	status, _, text = s.ask(t, http.MethodPost, "/v1/acts", nil, body)
	return status, text
}

// What the registry cannot keep is the client's mistake, and no trouble of the office:
// who signed it need not even be registered.
func TestOfficers_RefuseWhatCannotBeKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	const nobody, one, other = "application/B7K2M-4QX9T-6", identity.OfficerID("SX-01"), identity.OfficerID("SX-02")
	seal, approve := identity.SealConsignment{Officer: one}, identity.Approve{Officer: "PD-001-0001"}
	for name, signed := range map[string]statement.Signed{
		"ID":          registrytest.SignedAs(approve, nobody, "a\x00b"),
		"Subject":     registrytest.Signed(approve, "application/\x00"),
		"Consignment": registrytest.Signed(seal, "consignment/\x00"),
		"Odd":         registrytest.Signed(seal, "consignment/../x"),
		"Card":        registrytest.Signed(identity.DestroyCard{Officer: one, Witness: other, Card: 1 << 40, Reason: "damaged"}, nobody),
		"Place":       registrytest.Signed(identity.ReceiveBlanks{ReceivedBy: one, CountedBy: other, Box: "B", First: "PT1", Last: "PT2", Location: "x\x00"}, statement.Box("B")),
	} {
		status, text := s.act(t, signed)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%s: %s", name, text)
	}
	center := map[string]string{"Authorization": "Bearer " + s.logIn(t, one)}
	for _, path := range []string{
		"/v1/consignments/%00", "/v1/consignments/%ff", "/v1/papers/manifest?of=%00", "/v1/applications?stage=%00", "/v1/applications?stage=Nowhere",
		"/v1/applications?awaiting=" + url.QueryEscape("\xff"), "/v1/applications?province=%00", "/v1/applications?province=999",
		"/v1/applications?province=center", "/v1/applications?limit=x", "/v1/applications?limit=10001",
	} {
		status, _, text := s.ask(t, http.MethodGet, path, center, nil)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%s: %s", path, text)
	}
	_, _, text := s.ask(t, http.MethodGet, "/v1/applications?limit=0&stage=Nowhere&awaiting=nothing&province=003", center, nil)
	for _, field := range []string{"limit", "stage", "awaiting", "province"} {
		require.Contains(t, text, `"field":"`+field+`"`, "all in one round")
	}
}

// A personal number in a reason would stand in the trail for good: it is refused, and is not
// even in what is kept of refusals.
func TestOfficers_SignNoPersonalNumber(t *testing.T) {
	t.Parallel()
	s := open(t)
	const subject = "application/B7K2M-4QX9T-6"
	for _, reason := range []string{"other: anh của 001201234567", "other:001201234567", "other: (001201234567)"} {
		status, text := s.act(t, registrytest.Signed(identity.Hold{Officer: "SX-01", Reason: reason}, subject))
		require.Equal(t, http.StatusUnprocessableEntity, status, text)
		require.Contains(t, text, "can be a personal number")
		require.NotContains(t, text, "001201234567")
	}
	for column, held := range registrytest.Columns(t, string(s.settings.Database.URL)) {
		require.NotContains(t, held, "001201234567", column)
	}
	for _, reason := range []string{"other: 0012012345678", "other: EE001201234567VN", "other: 000000000000"} { // no personal numbers
		_, text := s.act(t, registrytest.Signed(identity.Hold{Officer: "SX-01", Reason: reason}, subject))
		require.NotContains(t, text, "personal number")
	}
}

// So would a name. It is refused however it is written, and the same act without it goes on.
func TestOfficers_SignNoNameOfTheApplicant(t *testing.T) {
	t.Parallel()
	s := open(t)
	applicant := holder()
	applicant.Name.Text, applicant.Mother.Text = "Xoá Hết Cả", "Lò Thị Đoá"
	registrytest.RegisterStation(t, s.office.Registry, "001-TN-01", make([]byte, 32))
	number := registrytest.ReceiveAs(t, s.office.Registry, applicant, identity.Exchange, identity.GroundRequest)
	for _, reason := range []string{"other: Xoá Hết Cả xem lại", "other: XOA HET CA", "other: con bà Lo Thi Doa", "other: xoá-hết.cả", "Xoá Hết Cả"} {
		status, text := s.act(t, registrytest.Signed(identity.CollectFee{OfFee: identity.OfFee{Officer: "CB-001-0013", Amount: 1, Receipt: reason}}, statement.Application(number)))
		require.Equal(t, http.StatusUnprocessableEntity, status, text)
		require.Contains(t, text, "holds the name of the applicant")

		status, text = s.act(t, registrytest.Signed(identity.Hold{Officer: "PD-001-0001", Reason: reason}, statement.Application(number)))
		require.Equal(t, http.StatusUnprocessableEntity, status, text)
		require.Contains(t, text, "holds the name of the applicant")
	}
	for column, held := range registrytest.Columns(t, string(s.settings.Database.URL)) {
		for _, name := range []string{"xoá hết cả", "xoa het ca", "lo thi doa", "xoá-hết.cả"} {
			require.NotContains(t, strings.ToLower(held), name, column)
		}
	}
	_, text := s.act(t, registrytest.Signed(identity.Hold{Officer: "PD-001-0001", Reason: "other: the mother, cả nhà"}, statement.Application(number)))
	require.NotContains(t, text, "holds the name")

	// Who had a paper with what the application says of the applicant is kept, for the applicant.
	by := map[string]string{"Authorization": "Bearer " + s.logIn(t, "PD-001-0001")}
	status, _, sheet := s.ask(t, http.MethodGet, "/v1/papers/capture-sheet?of="+string(number), by, nil)
	require.Equal(t, http.StatusOK, status, sheet)
	require.Contains(t, registrytest.Columns(t, string(s.settings.Database.URL))["reads.subject"], "application/"+string(number))

	// What was erased is on no paper that says so of nobody.
	conn, err := pgx.Connect(t.Context(), registrytest.Behind(t, string(s.settings.Database.URL)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), `SET session_replication_role = replica; DELETE FROM vault_keys WHERE application = '`+string(number)+`'`)
	require.NoError(t, err)
	for _, paper := range []string{"capture-sheet", "refusal"} {
		status, _, text := s.ask(t, http.MethodGet, "/v1/papers/"+paper+"?of="+string(number), by, nil)
		require.Equal(t, http.StatusConflict, status, text)
		require.Contains(t, text, "was erased")
	}
}

// An auditor reads what officers signed. Sent again, it gives the auditor no citizen's data and
// no PIN: these are answered to the officer alone.
func TestOfficers_WhatIsConfidedToOneNobodyElseHears(t *testing.T) {
	t.Parallel()
	s := open(t)
	registrytest.RegisterStation(t, s.office.Registry, "001-TN-01", make([]byte, 32))
	number := registrytest.Receive(t, s.office.Registry, holder(), identity.GroundRequest, nil)
	const counter, reader = identity.OfficerID("CB-001-0012"), "KT-C06-0001"
	for name, signed := range map[string]statement.Signed{
		"extract": registrytest.Signed(identity.ExtractRecord{Officer: counter, Reason: "17/2026"}, statement.Application(number)),
		"letter":  registrytest.Signed(identity.PrintPINLetter{Officer: "SX-C06-0001", Card: 1}, statement.Application(number)),
		"unblock": registrytest.Signed(identity.ManageCard{Officer: counter, Do: identity.UnblockSignature, Reason: "17/2026"}, statement.Card("0123456789ABCDEF")),
	} {
		body, err := json.Marshal(api.Act{Signed: signed})
		require.NoError(t, err)
		status, _, text := s.ask(t, http.MethodPost, "/v1/acts", nil, body)
		require.Equal(t, http.StatusUnauthorized, status, "%s: %s", name, text)
		require.Contains(t, text, `"field":"session"`)
		status, _, text = s.ask(t, http.MethodPost, "/v1/acts", map[string]string{"Authorization": "Bearer " + s.logIn(t, reader)}, body)
		require.Equal(t, http.StatusForbidden, status, "%s: %s", name, text)
		require.Contains(t, text, "is for "+string(signed.Signatures[0].Officer)+" alone")
		_, _, text = s.ask(t, http.MethodPost, "/v1/acts", map[string]string{"Authorization": "Bearer " + s.logIn(t, signed.Signatures[0].Officer)}, body)
		require.NotContains(t, text, `"field":"session"`, name)
	}
	early := identity.HandOverCard{Officer: counter, Method: identity.HandOverByOfficer, Proof: "12/BB", OldCard: identity.OldCardReceived, Card: 1}
	status, text := s.act(t, registrytest.Signed(early, statement.Application(number)))
	require.Equal(t, http.StatusConflict, status, text)
	require.NotEmpty(t, strings.TrimSpace(registrytest.Columns(t, string(s.settings.Database.URL))["refused_statements.digest"]), "it is not done when the card has come, by whoever sends it again")
	require.Equal(t, 6, strings.Count(registrytest.Columns(t, string(s.settings.Database.URL))["refused_acts.why"], "session:"), "each is kept for the auditor")
}

// Whoever sends an act slowly keeps no officer waiting.
func TestOfficers_SlowClientsKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 40 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = fmt.Fprint(c, "POST /v1/acts HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
		require.NoError(t, err)
		said := make([]byte, len("HTTP/1.1 100"))
		_, err = io.ReadFull(c, said)
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 100", string(said), "it is being read")
	}
	status, text := s.act(t, statement.Signed{})
	require.Equal(t, http.StatusForbidden, status, text)
}

// The center reads how its stations are, those that are silent too.
func TestOfficers_ReadStations(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.office.Registry.ReportStation(t.Context(), "PX-01", 2, false)
	require.NoError(t, err)
	status, _, text := s.ask(t, http.MethodGet, "/v1/stations", map[string]string{"Authorization": "Bearer " + s.logIn(t, "SX-01")}, nil)
	require.Equal(t, http.StatusOK, status, text)
	var list []desk.Station
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list, 1)
	require.Equal(t, identity.StationID("PX-01"), list[0].Station)
	require.Equal(t, "works", list[0].State)
}
