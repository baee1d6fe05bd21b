package registry_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

func TestReceiveBlanks_TwoPeopleAndEachSerialOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	box := identity.ReceiveBlanks{Box: "B-1", First: "PT001", Last: "PT010", Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter}
	for name, tt := range map[string]struct {
		change func(*identity.ReceiveBlanks)
		kind   identity.Kind
	}{
		"OnePerson":   {func(b *identity.ReceiveBlanks) { b.CountedBy = b.ReceivedBy }, identity.Forbidden},
		"Nobody":      {func(b *identity.ReceiveBlanks) { b.CountedBy = "" }, identity.Invalid},
		"LooksLike":   {func(b *identity.ReceiveBlanks) { b.CountedBy = b.ReceivedBy + " " }, identity.Invalid},
		"Backwards":   {func(b *identity.ReceiveBlanks) { b.First, b.Last = b.Last, b.First }, identity.Invalid},
		"OtherPrefix": {func(b *identity.ReceiveBlanks) { b.Last = "PX010" }, identity.Invalid},
		"OtherWidth":  {func(b *identity.ReceiveBlanks) { b.Last = "PT0010" }, identity.Invalid},
		"Nowhere":     {func(b *identity.ReceiveBlanks) { b.Location = "" }, identity.Invalid},
		"NoStation":   {func(b *identity.ReceiveBlanks) { b.Location = "px-01" }, identity.Invalid},
		"NoDocument":  {func(b *identity.ReceiveBlanks) { b.Document = "passport" }, identity.Invalid},
		"PaperThere":  {func(b *identity.ReceiveBlanks) { b.Document, b.Location = identity.Certificate, "PX-01" }, identity.Invalid},
		"PaperChips":  {func(b *identity.ReceiveBlanks) { b.Document, b.Manifest = identity.Certificate, make([]byte, 32) }, identity.Invalid},
		"NoNumber":    {func(b *identity.ReceiveBlanks) { b.First, b.Last = "PT", "PT" }, identity.Invalid},
	} {
		wrong := box
		tt.change(&wrong)
		require.ErrorIs(t, b.ReceiveBlanks(t.Context(), wrong), tt.kind, name)
	}

	for _, err := range atOnce(4, func(int) error { return b.ReceiveBlanks(t.Context(), box) }) {
		require.NoError(t, err)
	}
	another := box
	another.Last = "PT011"
	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), another), identity.Duplicate)
	overlapping := identity.ReceiveBlanks{Box: "B-2", First: "PT010", Last: "PT020", Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter}
	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), overlapping), identity.Conflict)
	require.Equal(t, 10, b.balanced(t).Received)
	paper := identity.ReceiveBlanks{
		Box: "B-C", First: "CN001", Last: "CN002", Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter, Document: identity.Certificate,
	}
	require.NoError(t, b.ReceiveBlanks(t.Context(), paper))
	of, err := b.StockOfDocuments(t.Context())
	require.NoError(t, err)
	require.Equal(t, []registry.DocumentStock{
		{Document: identity.CardDocument, Received: 10, InStock: 10}, {Document: identity.Certificate, Received: 2, InStock: 2},
	}, of)
}

func TestTakeBlank_ACardTakesNoBlankOfCertificates(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	paper := identity.ReceiveBlanks{
		Box: "B-C", First: "CN001", Last: "CN010", Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter, Document: identity.Certificate,
	}
	require.NoError(t, b.ReceiveBlanks(t.Context(), paper))
	require.NoError(t, b.ReceiveBlanks(t.Context(), paper), "the same again")
	number := b.prepared(t)

	_, err := b.TakeBlank(t.Context(), number, 1, press)

	require.ErrorIs(t, err, identity.OutOfStock)
	_, err = b.db.Exec(t.Context(), `UPDATE cards SET blank = 'CN001', state = 'begun' WHERE application = $1`, number)
	require.ErrorContains(t, err, "blank_for_document")
	free, err := b.FreeBlanks(t.Context(), identity.CardDocument, 100)
	require.NoError(t, err)
	require.Zero(t, free)
	free, err = b.FreeBlanks(t.Context(), identity.Certificate, 100)
	require.NoError(t, err)
	require.Equal(t, 10, free)
	_, err = b.VerifyActs(t.Context())
	require.NoError(t, err)
	require.Equal(t, 10, b.balanced(t).Received)
}

func TestTakeBlank_RepeatedGivesTheSameBlank(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 10)
	number := b.prepared(t)
	blanks := make([]identity.BlankSerial, 8)

	errs := atOnce(len(blanks), func(i int) (err error) {
		blanks[i], err = b.TakeBlank(t.Context(), number, 1, press)
		return err
	})

	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, blanks[0], blanks[i])
	}
	require.Equal(t, 1, b.balanced(t).InProduction)
}

func TestTakeBlank_ABlankIsTakenOnce(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const cards = 12
	b.stock(t, cards-2)
	numbers := make([]identity.ApplicationNumber, cards)
	for i := range numbers {
		numbers[i] = b.prepared(t)
	}
	blanks := make([]identity.BlankSerial, cards)

	errs := atOnce(cards, func(i int) (err error) {
		blanks[i], err = b.TakeBlank(t.Context(), numbers[i], 1, press)
		return err
	})

	taken := make(map[identity.BlankSerial]bool)
	for i, err := range errs {
		if blanks[i] == "" {
			require.ErrorIs(t, err, identity.OutOfStock)
			continue
		}
		require.NoError(t, err)
		require.False(t, taken[blanks[i]])
		taken[blanks[i]] = true
	}
	require.Len(t, taken, cards-2)
	b.balanced(t)
}

func TestTakeBlank_TheStationsOwnStockFirst(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	require.NoError(t, errOf(b.ReportStation(t.Context(), press, 1, false)))
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-PX", First: "ZZ01", Last: "ZZ01", Location: string(press), ReceivedBy: approver, CountedBy: counter,
	}))
	first, second := b.prepared(t), b.prepared(t)

	own, err := b.TakeBlank(t.Context(), first, 1, press)
	require.NoError(t, err)
	other, err := b.TakeBlank(t.Context(), second, 1, press)
	require.NoError(t, err)

	require.Equal(t, identity.BlankSerial("ZZ01"), own)
	require.NotEqual(t, own, other)
}

// A station that wrote to a blank for the card takes that one, though a registry that was
// restored to an earlier instant has it in stock; another one where it is not.
func TestBeginCard_IsNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 3)
	const last = identity.BlankSerial("PT00000002")
	first, second := b.prepared(t), b.prepared(t)
	begin := func(number identity.ApplicationNumber, begun identity.BlankSerial) (identity.BlankSerial, error) {
		return b.BeginCard(t.Context(), registry.StageChange{Application: number, To: identity.Personalization, Attempt: 1, Actor: string(press)}, press, begun)
	}

	blank, err := begin(first, last)
	require.NoError(t, err)
	again, err := begin(first, "PT00000001")
	require.NoError(t, err)
	other, err := begin(second, last)
	require.NoError(t, err)

	require.Equal(t, last, blank)
	require.Equal(t, last, again)
	require.NotEqual(t, last, other)
	b.balanced(t)
}

// Where the application is not ready to be made, no blank is taken.
func TestBeginCard_TakesNoBlankWhereTheStageIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 1)
	number := b.prepared(t)

	_, err := b.BeginCard(t.Context(), registry.StageChange{Application: number, To: identity.Printing, Attempt: 1, Actor: string(press)}, press, "")

	require.ErrorIs(t, err, identity.Elsewhere)
	card, err := b.Card(t.Context(), number, 1)
	require.NoError(t, err)
	require.Equal(t, identity.CardPrepared, card.State)
	b.balanced(t)
}

func TestTakeBlank_ACardBegunElsewhereGoesOnThere(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	number := b.prepared(t)
	_, err := b.TakeBlank(t.Context(), number, 1, press)
	require.NoError(t, err)

	_, err = b.TakeBlank(t.Context(), number, 1, "PX-02")

	require.ErrorIs(t, err, identity.Elsewhere)
}

func TestReceiveBlanks_WithTheMakersManifest(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	box := identity.ReceiveBlanks{Box: "B-1", First: "PT0001", Last: "PT0002", Location: identity.LocationCenter, ReceivedBy: "TK-1", CountedBy: "TK-2"}
	chip := func(blank identity.BlankSerial, serial string) identity.DeliveredChip {
		return identity.DeliveredChip{Blank: blank, Chip: "4790516300000000" + serial, KeyVersion: 0x7F}
	}
	one, two := chip("PT0001", "0001"), chip("PT0002", "0002")
	for says, manifest := range map[string][]identity.DeliveredChip{
		"manifest: lists 1 blanks; the box has 2":           {one},
		"manifest.0.blank: is PT0002; the box has PT0001":   {two, one},
		"manifest.1.chip: is the chip of another blank too": {one, chip("PT0002", "0001")},
	} {
		require.ErrorContains(t, b.ReceiveBlanks(t.Context(), box, manifest...), says)
	}

	for range 2 {
		require.NoError(t, b.ReceiveBlanks(t.Context(), box, one, two))
	}

	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), box, two, one), identity.Invalid)
	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), box, one, chip("PT0002", "0003")), identity.Duplicate)
	require.ErrorIs(t, b.ReceiveBlanks(t.Context(), box), identity.Duplicate)
	got, err := b.DeliveredChip(t.Context(), "PT0002")
	require.NoError(t, err)
	require.Equal(t, two, got)
	other := identity.ReceiveBlanks{Box: "B-2", First: "PT0003", Last: "PT0003", Location: identity.LocationCenter, ReceivedBy: "TK-1", CountedBy: "TK-2"}
	require.ErrorContains(t, b.ReceiveBlanks(t.Context(), other, chip("PT0003", "0001")), "taken in with another blank before")
	require.NoError(t, b.ReceiveBlanks(t.Context(), other))
	got, err = b.DeliveredChip(t.Context(), "PT0003")
	require.NoError(t, err)
	require.Empty(t, got.Chip)
	_, err = b.asProgram(t).Exec(t.Context(), `UPDATE blanks SET chip = NULL, key_version = NULL`)
	require.Error(t, err, "programs cannot change it")
}

// From the answer to a pause on, the station begins no card; one that it has begun it may
// finish.
func TestTakeBlank_NotForAPausedStation(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 2)
	begun, next := b.prepared(t), b.prepared(t)
	_, err := b.ReportStation(t.Context(), press, 2, false)
	require.NoError(t, err)
	blank, err := b.TakeBlank(t.Context(), begun, 1, press)
	require.NoError(t, err)
	require.NoError(t, b.PauseStation(t.Context(), press, "SX-01", "cleaning"))

	_, err = b.TakeBlank(t.Context(), next, 1, press)

	require.ErrorIs(t, err, identity.OutOfStock)
	again, err := b.TakeBlank(t.Context(), begun, 1, press)
	require.NoError(t, err)
	require.Equal(t, blank, again)
	require.NoError(t, b.ResumeStation(t.Context(), press, "SX-01"))
	_, err = b.TakeBlank(t.Context(), next, 1, press)
	require.NoError(t, err)
}

// All that is wrong with a box is told at once; what only the registry knows too.
func TestReceiveBlanks_TellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	require.NoError(t, b.ReceiveBlanks(t.Context(), identity.ReceiveBlanks{
		Box: "B-1", First: "PT0001", Last: "PT0009", Location: identity.LocationCenter, ReceivedBy: approver, CountedBy: counter,
	}))
	again := identity.ReceiveBlanks{Box: "B-2", First: "PT0008", Last: "PT0012", Location: "PX-99", ReceivedBy: approver, CountedBy: counter}
	require.EqualError(t, errors.Join(refusalsOf(b.ReceiveBlanks(t.Context(), again))...),
		"serial: 2 blank(s) of that range were taken in before, the first of them PT0008\n"+
			"location: PX-99 is no station whose worker was ever started; a station that starter stations lists is accepted, or center, from which all take")

	again.CountedBy = approver
	require.Len(t, identity.Refusals(b.Against(t.Context(), again, "")), 2, "beside what is wrong in itself")
	require.NoError(t, b.Against(t.Context(), identity.ReceiveBlanks{Box: "B\x00", Location: "P\x00"}, ""))
}

// refusalsOf gives each refusal by itself.
func refusalsOf(err error) []error {
	var all []error
	for _, r := range identity.Refusals(err) {
		all = append(all, r)
	}
	return all
}

// Blanks that were received for a station that does not exist are in stock there, where no
// card takes them, until two officers move them.
func TestMoveBlanks(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.stock(t, 5)
	b.behind(t, `UPDATE blanks SET location = 'PX-99'`)
	stranded, err := b.Stranded(t.Context())
	require.NoError(t, err)
	require.Equal(t, []registry.Stranded{{Location: "PX-99", Blanks: 5}}, stranded)
	move := identity.MoveBlanks{Officer: "TK-01", Witness: "TK-02", From: "PX-99", To: "PX-98"}
	_, err = b.MoveBlanks(t.Context(), move)
	require.ErrorIs(t, err, identity.Conflict, "to another that does not exist")

	move.To = identity.LocationCenter
	n, err := b.MoveBlanks(t.Context(), move)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Equal(t, registry.Stock{Received: 5, InStock: 5, Balanced: true}, b.balanced(t))
	require.NoError(t, b.VerifyBooks(t.Context()))
	_, err = b.TakeBlank(t.Context(), b.prepared(t), 1, press)
	require.NoError(t, err)
	_, err = b.MoveBlanks(t.Context(), move)
	require.ErrorContains(t, err, "none of these blanks is in stock at PX-99")
}
