package samples_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"example.org/cancuoc/internal/biometrics/abis"
	"example.org/cancuoc/internal/biometrics/fingerprint"
	"example.org/cancuoc/internal/biometrics/portrait"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/samples"
)

func script(t *testing.T) (fs.FS, samples.Script) {
	t.Helper()
	folder := os.DirFS(".")
	s, err := samples.ReadScript(folder)
	require.NoError(t, err)
	return folder, s
}

func read(t *testing.T, folder fs.FS, name string) []byte {
	t.Helper()
	b, err := fs.ReadFile(folder, name)
	require.NoError(t, err)
	return b
}

func application(t *testing.T, folder fs.FS, sample string) packet.Submission {
	t.Helper()
	s, err := packet.ParseSubmission(read(t, folder, path.Join(sample, "application.json")))
	require.NoError(t, err)
	return s
}

// templates reads the finger records that a sample presents.
func templates(t *testing.T, folder fs.FS, sample string, d packet.Submission) fingerprint.Templates {
	t.Helper()
	hand := make(fingerprint.Templates)
	for _, f := range d.Fingerprints {
		if f.Missing == "" {
			hand[fingerprint.Position(f.Position)] = read(t, folder, path.Join(sample, f.Template))
		}
	}
	return hand
}

func TestEverySampleIsOfAnInventedPersonWhoseNumberAgrees(t *testing.T) {
	t.Parallel()
	folder, s := script(t)

	require.GreaterOrEqual(t, len(s.Samples), 18)
	seen := make(map[string]bool)
	for _, sample := range s.Samples {
		p := application(t, folder, sample.Name).Person
		number, err := identity.ParsePersonalNumber(p.Number)
		require.NoError(t, err, sample.Name)
		birth, err := identity.ParseDate(p.Birth)
		require.NoError(t, err, sample.Name)
		require.NoError(t, number.Agrees(birth, identity.Sex(p.Sex)), sample.Name)
		require.Regexp(t, `9999\d\d$`, p.Number, sample.Name)
		require.False(t, seen[p.Number], sample.Name)
		seen[p.Number] = true
	}
}

func TestNamesHoldEveryLetterOfVietnamese(t *testing.T) {
	t.Parallel()
	folder, s := script(t)
	var names strings.Builder
	for _, sample := range s.Samples {
		names.WriteString(strings.ToLower(norm.NFC.String(application(t, folder, sample.Name).Person.Name)))
	}

	for _, letter := range "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ" {
		require.True(t, strings.ContainsRune(names.String(), letter), "no name has %c", letter)
	}
}

func TestPortraitsAreJudgedAsTheScriptExpects(t *testing.T) {
	t.Parallel()
	folder, s := script(t)
	for _, sample := range s.Samples {
		if application(t, folder, sample.Name).Portrait == nil {
			continue
		}
		picture := read(t, folder, path.Join(sample.Name, "portrait.jpg"))

		judgment, err := portrait.Judge(picture, portrait.DefaultLimits())

		require.NoError(t, err)
		again := slices.IndexFunc(sample.Steps, func(s samples.Step) bool { return s.Do == samples.Recapture })
		require.Equal(t, again < 0, judgment.OK, "%s: %v %v", sample.Name, judgment.Codes(), judgment.Measures)
		if again >= 0 {
			picture = read(t, folder, path.Join(sample.Name, sample.Steps[again].Portrait))
			judgment, err = portrait.Judge(picture, portrait.DefaultLimits())
			require.NoError(t, err)
			require.True(t, judgment.OK, "%s: %v", sample.Name, judgment.Codes())
		}
		_, chip, err := portrait.Normalize(picture)
		require.NoError(t, err)
		require.Same(t, &picture[0], &chip[0], "%s: the chip takes the portrait as it is", sample.Name)
	}
}

func TestFingersAreGoodAndCollectTheCard(t *testing.T) {
	t.Parallel()
	folder, s := script(t)
	for _, sample := range s.Samples {
		d := application(t, folder, sample.Name)
		if len(d.Fingerprints) == 0 {
			continue
		}
		captured := templates(t, folder, sample.Name, d)

		judgment, err := fingerprint.Judge(captured, fingerprint.DefaultQualityLimits())
		require.NoError(t, err)
		require.True(t, judgment.OK, "%s: %v %v", sample.Name, judgment.Codes(), judgment.Measures)
		for _, step := range sample.Steps {
			if step.Template == "" {
				continue
			}
			probe := fingerprint.Templates{fingerprint.Position(step.Position): read(t, folder, path.Join(sample.Name, step.Template))}
			verdict, err := fingerprint.Verify(captured, probe, fingerprint.DefaultMatchLimits())
			require.NoError(t, err)
			require.True(t, verdict.Match, "%s: %v", sample.Name, verdict)
			require.FileExists(t, path.Join(sample.Name, step.File))
		}
	}
}

func TestOnlyTheDuplicatePersonIsFoundAmongTheOthers(t *testing.T) {
	t.Parallel()
	folder, s := script(t)
	gallery := abis.NewGallery()
	for _, sample := range s.Samples {
		hand := templates(t, folder, sample.Name, application(t, folder, sample.Name))
		if len(hand) == 0 {
			continue
		}

		found, err := gallery.Identify(t.Context(), hand, abis.DefaultLimits())

		require.NoError(t, err)
		if sample.End == identity.Rejected && sample.After != nil {
			require.Len(t, found, 1)
			require.Equal(t, sample.After.Sample, found[0].ID)
		} else {
			require.Empty(t, found, sample.Name)
		}
		require.NoError(t, gallery.Add(sample.Name, hand))
	}
}

func TestPopulationKnowsEveryoneAsTheyApplyButForTheWrongData(t *testing.T) {
	t.Parallel()
	folder, s := script(t)

	citizens, err := samples.ReadPopulation(folder)

	require.NoError(t, err)
	require.Len(t, citizens, len(s.Samples))
	for i, sample := range s.Samples {
		d := application(t, folder, sample.Name)
		require.Equal(t, d.Person.Number, string(citizens[i].Person.Number))
		require.Equal(t, d.Person.Name, citizens[i].Person.Name.Text)
		birth, err := citizens[i].Person.Birth.MarshalText()
		require.NoError(t, err)
		require.Equal(t, sample.Name != "21-wrong-data", d.Person.Birth == string(birth), sample.Name)
		if card := citizens[i].Card; card != nil {
			require.Len(t, card.Serial, 16)
			require.True(t, card.Expiry.Never() || card.Expiry.Date.Compare(card.Issued) > 0)
		}
	}
}

func TestScriptRefusesWhatNobodyCouldPlay(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown field": "sample: []",
		"no end":        "samples: [{name: a, end: Approval}]",
		"wrong role":    "officers: [{badge: X, role: enroller}]\nsamples: [{name: a, end: Issued, steps: [{do: approve, by: X}]}]",
		"after nothing": "samples: [{name: a, end: Issued, after: {sample: b, passed: Approval}}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(path.Join(folder, "script.yaml"), []byte(text), 0o600))

			_, err := samples.ReadScript(os.DirFS(folder))

			require.Error(t, err)
		})
	}
}

// When a card was issued decides what its holder may apply for, and at which price; and whoever has
// died has none that is valid, whatever a file says.
func TestReadPopulation_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	person, card := `"number": "001201999990", "name": "Nguyễn Thị Ánh", "birth": "2001-02-28", "sex": "F"`, `"serial": "00C1A52021110202", "form": "cccd-2021", "issued": "2021-11-02", "expiry": "2026-02-28"`
	read := func(old, other string) error {
		entry := `{"person": {` + person + `}, "status": "alive", "live_card": {` + card + `}}`
		_, err := samples.ReadPopulation(fstest.MapFS{"population.json": {Data: []byte(`{"citizens": [` + strings.Replace(entry, old, other, 1) + `]}`)}})
		return err
	}
	require.NoError(t, read("", ""))
	require.NoError(t, read(`, "expiry": "2026-02-28"`, ""), "it does not expire")
	for _, tt := range []struct{ old, other, want string }{
		{`"alive"`, `"deceased"`, "citizens.0.live_card: is given of a person who is deceased"},
		{`"alive"`, `"nationality-lost"`, "citizens.0.live_card: is given of a person who is nationality-lost"},
		{`"alive"`, `"living"`, "citizens.0.status: must be one of"},
		{`"number": "001201999990", `, "", "citizens.0.person.number: is missing"},
		{`"sex": "F"`, `"sex": "F", "nationality": "undetermined"`, "citizens.0.live_card: is given of a person whose nationality is undetermined"},
		{`"cccd-2021"`, `""`, "citizens.0.live_card.form: is missing"},
		{`"00C1A52021110202"`, `"00C1"`, "citizens.0.live_card.serial: "},
		{`"2021-11-02"`, `"2021-11"`, "citizens.0.live_card.issued: is no full day"},
		{`"2021-11-02"`, `"1999-11-02"`, "citizens.0.live_card.issued: is before its holder was born"},
		{`"2021-11-02"`, `""`, "citizens.0.live_card.issued: "},
		{`"2026-02-28"`, `"2026"`, "citizens.0.live_card.expiry: is no full day"},
		{`"Nguyễn Thị Ánh"`, `""`, "citizens.0.person.name: is empty"},
		{`"status"`, `"state"`, "population.json: is not what is expected before byte "},
		{`"2026-02-28"`, `"2021-11-02"`, "citizens.0.live_card.expiry: is no full day after that of issue"},
	} {
		require.ErrorContains(t, read(tt.old, tt.other), tt.want)
		require.NotEmpty(t, identity.Refusals(read(tt.old, tt.other)), "it is no fault that may pass: %s", tt.want)
	}
}

// What may be captured is: all ten fingers and both eyes of somebody, and a finger that cannot be
// taken, with its reason, of somebody else.
func TestEveryKindOfCapture(t *testing.T) {
	t.Parallel()
	folder, s := script(t)
	var whole, missing int
	for _, sample := range s.Samples {
		d := application(t, folder, sample.Name)
		if len(d.Fingerprints) == packet.MaxFingers && d.IrisLeft != nil && d.IrisRight != nil {
			whole++
		}
		for _, f := range d.Fingerprints {
			if f.Missing != "" {
				missing++
			}
		}
	}
	require.Equal(t, 1, whole)
	require.Equal(t, 1, missing)
}
