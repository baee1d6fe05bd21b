package workflows_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/encoding/protojson"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/personalization/chip/mrz"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/workflows"
)

// canary is a person whose every word is found nowhere else.
var canary = packet.Person{
	Number: "001212731395", Name: "Giềng Ngoẵng Quỵt Xoèn", Birth: "2012-10-05", Sex: "M", Ethnicity: "Chơ-ro", Religion: "Baha'i", BloodGroup: "AB-",
	Origin:            packet.Place{Text: "Thôn Khuỷu, Hà Nội", Province: "001"},
	BirthRegistration: packet.Place{Text: "Xã Ngoạm, Hà Nội", Province: "001"},
	Residence:         packet.Place{Text: "Số 97531, Ngõ Khoắng, Hà Nội", Province: "001"},
	Marks:             "Sẹo quặp C: 2cm dưới đuôi mắt", Father: "Giềng Nguếch", Mother: "Thoòng Huếch",
}

// traces finds what would betray the canary: as written, in capitals, as the MRZ
// has it, and the parts of the number that the card shows. A short trace counts
// where it stands alone; in times and ciphertexts it turns up by chance.
func traces(t *testing.T) *regexp.Regexp {
	t.Helper()
	long := []string{canary.Number, canary.Number[3:], canary.Birth, "05/10/2012", "05102012", "20121005", "Khuỷu", "Ngoạm", "Khoắng", "Chơ-ro", "quặp", "Nguếch", "Thoòng"}
	long = append(long, strings.Fields(canary.Name)...)
	short := []string{canary.Number[6:], "121005", "97531"}
	name, err := identity.ParseName(canary.Name)
	require.NoError(t, err)
	lines, err := mrz.Lines(identity.Card{
		Form: "can-cuoc-2024", Serial: "0123456789ABCDEF", Issued: identity.DateOf(monday),
		Person: identity.Person{Number: identity.PersonalNumber(canary.Number), Name: name, Birth: identity.Date{Year: 2012, Month: 10, Day: 5}, Sex: identity.Male},
	})
	require.NoError(t, err)
	short = append(short, strings.FieldsFunc(lines[2], func(r rune) bool { return r == '<' })...)
	pattern := "(?i)" + strings.Join(long, "|") + `|(?:^|[^0-9A-Za-z+/.])(?:` + strings.Join(short, "|") + `)(?:[^0-9A-Za-z+/=]|$)`
	return regexp.MustCompile(pattern)
}

// inClear are the tables of the database in which a person may be read, and why.
var inClear = map[string]string{
	"citizens":       "the built-in population register, for offices that have none: others keep theirs elsewhere",
	"person_numbers": "of the register: it is asked by number",
	"person_changes": "of the register: what a record was before and after, until that is erased",
}

// encodings are what traces does not find, since it is written otherwise: decomposed,
// escaped, in hexadecimal, in base64 wherever it begins; and a piece of each image, in all
// of these.
func encodings(t *testing.T, images ...string) []string {
	t.Helper()
	texts := append(strings.Fields(canary.Name), canary.Number, canary.Birth, "20121005", "Khuỷu", "Ngoạm", "Khoắng", "Chơ-ro", "Nguếch", "Thoòng")
	for _, image := range images {
		content, err := os.ReadFile(filepath.Join("..", "samples", "01-first-issue-at-14", image))
		require.NoError(t, err)
		texts = append(texts, string(content[len(content)/2:len(content)/2+24]))
	}
	var list []string
	for _, text := range texts {
		list = append(list, text, norm.NFD.String(text), strings.Trim(strconv.QuoteToASCII(text), `"`), hex.EncodeToString([]byte(text)))
		for shift := range 3 { // what stands before and after is not known
			in := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + text))
			list = append(list, in[(shift*8+5)/6:(shift+len(text))*8/6])
		}
	}
	return list
}

// A whole life, with a spoiled card, a refused finger and a contradiction: the
// places where somebody might have been tempted to name the citizen. Histories
// are searched as they are stored and with their payloads in the clear, the database
// column by column.
func TestPrivacy_NothingOfAPersonIsInAHistoryALogOrTheDatabase(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"office.consignment_size": 1, "station.spoil_first": 1, "personalization.applications": []string{"digital-signature"}})
	o.open(canaries(t))
	o.stock(5)
	o.work(o.All(t.Context(), "PX-01"))
	app := o.submit("01-first-issue-at-14", func(s *packet.Submission) { s.Person = canary })
	app.approve()
	app.await(identity.ToHandOver)
	require.Error(t, app.finger("../02-exchange-at-25/left-index-handover.fmr"))
	require.NoError(t, app.finger("left-index-handover.fmr"))
	require.Equal(t, workflows.CardApplicationResult{End: identity.Issued, Cards: 2}, app.result())
	stranger := o.submit("01-first-issue-at-14", func(s *packet.Submission) {
		s.Person, s.EnrollmentID, s.Ground, s.Type = canary, "001-2026-9999", "details", "exchange"
		s.Person.Name = "Giềng Ngoẵng Quỵt Thoòng"
		s.FiledOn = time.Now().In(identity.HanoiTime).Format(time.DateOnly) // not before the card that it exchanges
	})
	stranger.await(identity.ToResolve)
	stranger.does(identity.Reject{Officer: approver, Reason: "papers-forged: they do not hold"})
	stranger.result()

	texts := map[string]string{"the log": o.log.String()}
	listed, err := o.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: o.namespace})
	require.NoError(t, err)
	require.NotEmpty(t, listed.GetExecutions())
	for _, execution := range listed.GetExecutions() {
		id := execution.GetExecution().GetWorkflowId()
		texts["visibility of "+id] = protojson.Format(execution) + plain(t, o.codec.Decode, execution.GetMemo())
		texts["stored history of "+id] = protojson.Format(o.history(id, false))
		opened := o.history(id, true)
		texts["history of "+id] = protojson.Format(opened) + payloads(t, opened)
		described, err := o.temporal.DescribeWorkflowExecution(t.Context(), id, "")
		require.NoError(t, err)
		texts["description of "+id] = protojson.Format(described)
		texts["details of "+id] = protojson.Format(o.metadata(id))
	}

	trace := traces(t)
	for where, text := range texts {
		require.Empty(t, trace.FindAllString(text, -1), where)
	}
	written := encodings(t, "portrait.jpg", "left-index.png", "left-index.fmr")
	var known []string
	for column, text := range registrytest.Columns(t, string(o.config.Database.URL)) {
		found := trace.FindAllString(text, -1)
		for _, w := range written {
			if strings.Contains(text, w) {
				found = append(found, w)
			}
		}
		if table, _, _ := strings.Cut(column, "."); inClear[table] != "" {
			known = append(known, found...)
			continue
		}
		require.Empty(t, found, column)
	}
	require.NotEmpty(t, known, "the search does find who is in the register")
	require.Contains(t, texts["history of "+app.id], string(app.number), "the search does find what is there")
	require.NotContains(t, texts["stored history of "+app.id], "JudgeCaptureInput")
	o.keepsNoKeyOfAChip(texts)
	require.True(t, failedFor(o.history(app.id, false), "inspection failed: "), "why something failed is read without the codec")
	require.Regexp(t, `"Readable":"recapture \d+h, resolution \d+h,`, texts["history of "+app.id])
	for _, d := range definitions(o.metadata(app.id)) {
		require.NotEmpty(t, d.GetDescription(), "what is %s? the Temporal UI has to say", d.GetName())
	}
	issued := o.history(app.id, false)
	t.Logf("%d events and %d bytes, with one card spoiled", len(issued.GetEvents()), size(issued))
}

// keepsNoKeyOfAChip looks for the private keys of the chips that were made in these texts, in the
// database, and in every file of the office: who has all that cannot make a chip that passes.
func (o *liveOffice) keepsNoKeyOfAChip(texts map[string]string) {
	o.t.Helper()
	keys := keysOfChips(o.t, o.config.DataDir)
	require.Len(o.t, keys, 2*3, "of Chip and Active Authentication and of the signature, in a spoiled chip and in the card")
	places := maps.Clone(texts)
	places["the database"] = string(registrytest.Dump(o.t, string(o.config.Database.URL)))
	for name, content := range filesBelow(o.t, o.config.DataDir) {
		if !isChip(name) {
			places[name] = string(content)
		}
	}
	require.Greater(o.t, len(places), len(texts)+10)
	for _, form := range formsOf(keys) {
		for where, text := range places {
			if strings.Contains(text, form) {
				require.Fail(o.t, "a private key of a chip is kept", where) // and is not shown
			}
		}
	}
}

// The straight life of one card, as this code lives it.
func TestLife_CostsFewEvents(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, settings{"office.consignment_size": 1})
	o.open(samplePopulation(t))
	o.stock(1)
	o.work(o.All(t.Context(), "PX-01"))
	app := o.submit("01-first-issue-at-14", nil)
	app.approve()
	app.await(identity.ToHandOver)
	require.NoError(t, app.finger("left-index-handover.fmr"))
	app.result()

	history := o.history(app.id, false)

	t.Logf("%d events and %d bytes for a card", len(history.GetEvents()), size(history))
	require.LessOrEqual(t, len(history.GetEvents()), mostEvents)
	require.Less(t, size(history), 64<<10)
	for _, event := range history.GetEvents() {
		require.Nil(t, event.GetWorkflowExecutionSignaledEventAttributes(), "a signal costs more than an update that is answered at once")
	}
}

// definitions are the updates, queries and signals that the Temporal UI lists, without the SDK's own.
func definitions(m *sdkpb.WorkflowMetadata) []*sdkpb.WorkflowInteractionDefinition {
	d := m.GetDefinition()
	list := slices.Concat(d.GetUpdateDefinitions(), d.GetQueryDefinitions(), d.GetSignalDefinitions())
	return slices.DeleteFunc(list, func(d *sdkpb.WorkflowInteractionDefinition) bool { return strings.HasPrefix(d.GetName(), "__") })
}

// failedFor tells whether an activity of a stored history failed for this reason, as it is written
// there: protojson writes a message with one space before it or with two, by the build.
func failedFor(history *historypb.History, reason string) bool {
	return slices.ContainsFunc(history.GetEvents(), func(e *historypb.HistoryEvent) bool {
		message := e.GetActivityTaskFailedEventAttributes().GetFailure().GetMessage()
		return strings.HasPrefix(message, reason)
	})
}

// canaries is a population of one.
func canaries(t *testing.T) []samples.Citizen {
	t.Helper()
	app, _ := packet.Submission{Person: canary}.Application(identity.DateOf(monday)) // it is no application
	require.Equal(t, identity.PersonalNumber(canary.Number), app.Person.Number)
	return []samples.Citizen{{Person: app.Person, Status: "alive"}}
}

// payloads are the bytes of every payload of a history.
func payloads(t *testing.T, history *historypb.History) string {
	t.Helper()
	var b strings.Builder
	err := proxy.VisitPayloads(context.WithoutCancel(t.Context()), history, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, list []*commonpb.Payload) ([]*commonpb.Payload, error) {
			for _, p := range list {
				b.Write(p.GetData())
				b.WriteByte('\n')
			}
			return list, nil
		},
	})
	require.NoError(t, err)
	return b.String()
}

// plain are the payloads of a memo in the clear.
func plain(t *testing.T, decode func([]*commonpb.Payload) ([]*commonpb.Payload, error), memo *commonpb.Memo) string {
	t.Helper()
	var b strings.Builder
	for _, p := range memo.GetFields() {
		opened, err := decode([]*commonpb.Payload{p})
		require.NoError(t, err)
		b.Write(opened[0].GetData())
	}
	return b.String()
}
