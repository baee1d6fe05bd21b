package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/samples"
)

// anApplication stands for an application that there is.
const anApplication = "application"

// everyAct is one of each act that the gateway does.
var everyAct = map[string][]identity.Act{
	anApplication: {
		identity.Recapture{},
		identity.Adjudicate{},
		identity.Approve{},
		identity.Reject{},
		identity.Hold{},
		identity.Release{},
		identity.Withdraw{},
		identity.HandOverCard{},
		identity.CollectFee{},
		identity.RefundFee{},
		identity.Identify{},
		identity.DestroyCard{},
		identity.FindCard{},
	},
	"person/4F2A90C1D7B84E6FA013": {identity.CorrectPerson{}, identity.MarkPerson{}, identity.RenumberPerson{}},
	"consignment/C-000001": {
		identity.SealConsignment{}, identity.SendConsignment{}, identity.ReceiveConsignment{}, identity.Recount{}, identity.ReopenConsignment{}, identity.SettleSurplus{},
	},
	"box/x":  {identity.ReceiveBlanks{}},
	"office": {identity.MoveBlanks{}, identity.LetGo{}, identity.RevokeSigner{}, identity.RollOverSigner{}, identity.ImportTransportKey{}, identity.MakeChipMaster{}, identity.LogIn{}},
	"card/0123456789ABCDEF": {
		identity.ReportLost{}, identity.ReportFound{}, identity.ReportDamaged{}, identity.KeepCard{}, identity.ReturnCard{}, identity.WithdrawCard{}, identity.ExtractRecord{}, identity.PrintPINLetter{}, identity.ManageCard{},
	},
	"station/PX-01":    {identity.PauseStation{}, identity.ResumeStation{}, identity.RemoveStation{}, identity.RegisterStation{}, identity.RevokeStation{}, identity.Enroll{}},
	"verifier/VCB":     {identity.RegisterVerifier{}, identity.RevokeVerifier{}},
	"officer/CB-999-1": {identity.RegisterOfficer{}, identity.RevokeOfficer{}, identity.RegisterKey{}, identity.RevokeKey{}},
}

// fill gives every field of an act a value, its officers other ones each.
func fill(v reflect.Value, officers *int) {
	switch v.Kind() { //nolint:exhaustive // acts have no others
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, officers)
		}
	case reflect.String:
		v.SetString("x")
		if v.Type() == reflect.TypeFor[identity.OfficerID]() {
			*officers++
			v.SetString(fmt.Sprintf("SX-0%d", *officers))
		}
	case reflect.Int:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), officers)
	case reflect.Uint8:
		v.SetUint(7)
	}
}

// misfits are JSON values, some of them such as no encoder writes.
var misfits = []string{
	`null`, `true`, `0`, `-1`, `1.5`, `2147483648`, `1e400`, `18446744073709551616`, `""`, `" "`, `"x"`, `"\u0000"`, `"\u001b[31m"`, `"\u202e"`, `"%"`, `"'; --"`, `"../.."`, `"\ud800"`, "\"\xff\"",
	`"` + strings.Repeat("a", 600) + `"`, `"` + strings.Repeat("b", 70_000) + `"`, `"7QF3M-9T2XK-D"`, `"2026-13-45"`, `"AAAA"`, `"="`, "\"e\u0301\u0323\"", `"𝕶"`,
	`[]`, `[null]`, `["x","x"]`, `[{}]`, `{}`, `{"x":1}`, `{"a":1,"a":2}`, strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
}

// spoiled gives a JSON value with each of its parts replaced by what does not belong there,
// one at a time.
func spoiled(t *testing.T, value []byte) []string {
	t.Helper()
	all := slices.Clone(misfits)
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(value, &object) == nil:
		names := slices.Sorted(maps.Keys(object))
		member := func(name, value string) string { return fmt.Sprintf("%q:%s", name, value) }
		for _, name := range names {
			for _, bad := range spoiled(t, object[name]) {
				var parts []string
				for _, other := range names {
					if other != name {
						parts = append(parts, member(other, string(object[other])))
					}
				}
				all = append(all, "{"+strings.Join(append(parts, member(name, bad)), ",")+"}")
			}
			all = append(all, strings.TrimSuffix(string(value), "}")+","+member(name, string(object[name]))+"}") // given twice
		}
		all = append(all, strings.TrimSuffix(string(value), "}")+`,"frobnicate":1}`, string(value)+"x", string(value[:len(value)/2]), "\ufeff"+string(value))
	case json.Unmarshal(value, &list) == nil:
		for _, bad := range spoiled(t, list[0]) {
			all = append(all, "["+bad+"]")
		}
	}
	return all
}

// oddSubjects are what no statement, or no act of that kind, can be about.
var oddSubjects = []string{
	"", "x", "office", "OFFICE", "a/b/c", "application/", "application/x", "application/../x", "application/B7K2M-4QX9T-7", "consignment/", "consignment/C-999999999999999999", "consignment/C-\x00",
	"person/", "person/x", "box/", "box/" + strings.Repeat("b", 3000), "card/", "card/x", "station/", "station/x", "station/PX-77", "verifier/", "verifier/x y", "officer/", "officer/x", "officer/SX-99",
}

// told fails unless the office answered, and said what it refuses.
func told(t *testing.T, what string, status int, text string) {
	t.Helper()
	if status >= http.StatusInternalServerError || status >= http.StatusBadRequest && !strings.Contains(text, `"detail":`) && !strings.Contains(text, `"en":`) {
		t.Errorf("%.200q: %d %s", what, status, text)
	}
}

// Whatever officers sign, whole or in parts, the office answers and says what it refuses; it
// never takes it for a trouble of its own.
func TestOfficers_HearWhatIsWrongWithEveryAct(t *testing.T) {
	t.Parallel()
	s := openAtWork(t)
	citizens, err := samples.ReadPopulation(os.DirFS("../samples"))
	require.NoError(t, err)
	for _, c := range citizens {
		require.NoError(t, s.office.Registry.SeedCitizen(t.Context(), registry.Citizen{Person: c.Person, Status: identity.CitizenStatus(c.Status)}))
	}
	number := s.file(t, "01-first-issue-at-14")
	s.waits(t, number, identity.ToApprove)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a choice of cases
	for subject, acts := range everyAct {
		for _, act := range acts {
			filled := reflect.New(reflect.TypeOf(act)).Elem()
			fill(filled, new(int))
			act = filled.Interface().(identity.Act)
			content, err := json.Marshal(act)
			require.NoError(t, err)
			send := func(content, subject string) {
				signed := statement.Signed{Statement: fmt.Appendf(nil, `{"id":%q,"act":%q,"subject":%q,"content":%s,"until":%q}`,
					statement.NewID(), act.ActName(), subject, content, time.Now().Add(5*time.Minute).UTC().Format(time.RFC3339))}
				for _, o := range act.By() {
					require.NoError(t, signed.Sign(o, cast.Known().Of(o)))
				}
				status, text := s.act(t, signed)
				told(t, act.ActName()+" "+content+" on "+subject, status, text)
			}
			if subject == anApplication {
				subject = statement.Application(number)
			}
			for _, changed := range some(chance, spoiled(t, content)) {
				send(changed, subject)
			}
			for _, odd := range some(chance, oddSubjects) {
				send(string(content), odd)
			}
		}
	}
}

// some are a twelfth of the cases, other ones each time: all of them take minutes.
func some(chance *rand.Rand, cases []string) []string {
	chosen := slices.Clone(cases)
	chance.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:(len(chosen)+11)/12]
}

// Whatever is asked, of whom and how, the gateway answers and says what it refuses.
func TestGateway_AnswersEveryQuestion(t *testing.T) {
	t.Parallel()
	s := open(t)
	header := map[string]string{"Authorization": "Bearer " + s.logIn(t, "SX-01")}
	for _, odd := range []string{
		"x", "%00", "%ff", "%ED%A0%80", "%E2%80%AE", "-1", "0", "1e9", "99999999999999999999", "%27;--", strings.Repeat("a", 3000), "..%2f..", "%25", "null", "[]",
		"B7K2M-4QX9T-6", "C-000001", "C-99999999999999", "4F2A90C1D7B84E6FA013", "2026-13-45", "2026-11-01",
	} {
		var paths []string
		for _, of := range []string{"applications", "persons", "consignments", "papers", "status-lists"} {
			paths = append(paths, "/v1/"+of+"/"+odd, "/v1/"+of+"/"+odd+"/persons")
		}
		for _, filter := range []string{"stage", "awaiting", "province", "limit", "all", odd} {
			paths = append(paths, "/v1/applications?"+filter+"="+odd, "/v1/consignments?"+filter+"="+odd)
		}
		for _, paper := range []string{"manifest", "slip", "application", "destruction", odd} {
			paths = append(paths, "/v1/papers/"+paper+"?of="+odd, "/v1/papers/"+paper+"?of=C-000001&from="+odd+"&to="+odd)
		}
		for _, path := range paths {
			status, _, text := s.ask(t, http.MethodGet, path, header, nil)
			told(t, path, status, text)
		}
	}
	for address, example := range map[string]string{
		s.URL + "/v1/cards/find":                  `{"serial":"0123456789ABCDEF","number":"001090000000"}`,
		s.URL + "/v1/status":                      `{"serial":"0123456789ABCDEF"}`,
		s.URL + "/v1/acts":                        `{"signed":{"statement":"e30=","signatures":[{"officer":"SX-01","key":"AA==","value":"AA==","passkey":{"authenticator_data":"AA==","client_data":"AA=="}}]},"files":{"portrait":"AA=="}}`,
		s.URL + "/v1/sessions":                    `{"signed":{"statement":"e30=","signatures":[{"officer":"SX-01","key":"AA==","value":"AA=="}]}}`,
		s.citizens.URL + "/v1/application-status": `{"receipt":"B7K2M-4QX9T-6","birth":"1990-01-01"}`,
	} {
		for _, body := range spoiled(t, []byte(example)) {
			status, _, text := ask(t, http.MethodPost, address, map[string]string{"Authorization": header["Authorization"], "Content-Type": "application/json"}, []byte(body))
			told(t, address+" "+body, status, text)
		}
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
		for _, path := range []string{"/v1/acts", "/v1/cards/find", "/v1/fees", "/v1/surplus", "/v1/stock", "/v1/stations", "/v1/papers/manifest", "//", "/v1//acts", "/v1/../v1/acts", "/v1/acts/"} {
			status, _, text := s.ask(t, method, path, header, []byte("{}"))
			told(t, method+" "+path, status, text)
		}
	}
}
