package web

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"html/template"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/registry"
)

// Registry is what look-ups and reports of losses need of the registry.
type Registry interface {
	LookUp(ctx context.Context, number identity.ApplicationNumber, client, receipt []byte) (registry.Shown, registry.Misses, error)
	NoteMiss(ctx context.Context, client, receipt []byte) error
	CardOf(ctx context.Context, number identity.ApplicationNumber) (registry.CardInHand, error)
	LostByHolder(ctx context.Context, number identity.ApplicationNumber) error
}

// Tries are how many look-ups may find nothing. Whoever has a receipt must not find out
// its birth date by trying, and must not be able to lock its citizen out either: whatever
// others do, each address has one try of each receipt in an hour, and a citizen knows the
// date. Misses are counted in the registry, for all gateways together, and unknown receipts
// as known ones.
type Tries struct {
	Receipt int // wrong dates of one receipt, by one address in an hour
	All     int // by one address of all receipts in an hour, and of one receipt by everybody in a day; beyond it, Receipt is 1
}

// flood is how many times All an address may miss in an hour; beyond it, nothing more is
// looked up or noted for it.
const flood = 20

// left reports whether one more try may be answered, and if not, when it may.
func (t Tries) left(m registry.Misses) (ok bool, again time.Time) {
	allowed := t.Receipt
	if m.Client.Count >= t.All || m.Receipt.Count >= t.All {
		allowed = 1
	}
	switch {
	case m.Client.Count >= flood*t.All:
		return false, m.Client.Until
	case m.Here.Count >= allowed:
		return false, m.Here.Until
	}
	return true, time.Time{}
}

// question is a look-up as it was typed.
type question struct {
	client         []byte // code of the address that asks
	receipt, birth string
}

// What is wrong with a look-up. An unknown receipt and a wrong birth date are one.
var (
	mistyped = problem{Status: http.StatusUnprocessableEntity, Field: "receipt", Text: Text{
		"Số hồ sơ bị gõ nhầm: số này gồm mười chữ số hoặc chữ cái và một ký tự kiểm tra, ví dụ 7QF3M-9T2XK-D. Xin xem lại trên giấy hẹn.",
		"The application number is mistyped: it has ten digits or letters and a check digit that fits them, for example 7QF3M-9T2XK-D. Please look at your slip again.",
	}}
	undated = problem{Status: http.StatusUnprocessableEntity, Field: "birth", Text: Text{
		"Ngày sinh không đọc được: xin nhập ngày/tháng/năm, ví dụ 31/12/1990; chỉ tháng/năm hoặc chỉ năm nếu giấy tờ chỉ ghi như vậy.",
		"The date of birth cannot be read: please type day/month/year, for example 31/12/1990; month/year or the year alone if your papers have no more.",
	}}
	missed = problem{Status: http.StatusNotFound, Text: Text{
		"Không tìm thấy hồ sơ với số hồ sơ và ngày sinh này.",
		"No application was found with this number and date of birth.",
	}}
	busy = problem{Status: http.StatusServiceUnavailable, Retry: 5, Text: Text{
		"Hệ thống bận, xin thử lại sau.", "The system is busy, please try again later.",
	}}
)

// locked says when the next try is answered.
func locked(in time.Duration) *problem {
	minutes := max(int((in+time.Minute-1)/time.Minute), 1)
	return &problem{Status: http.StatusTooManyRequests, Retry: 60 * minutes, Text: Text{
		fmt.Sprintf("Đã nhập sai nhiều lần từ mạng này: xin thử lại sau %d phút. Hồ sơ vẫn được xử lý bình thường.", minutes),
		fmt.Sprintf("There were too many wrong look-ups from this network: please try again in %d minute(s). The application itself goes on as before.", minutes),
	}}
}

// beat is what a look-up that finds nothing takes, or a multiple of it, so that the time
// does not tell an unknown receipt from a wrong date. It is long beside what their work differs
// by: only one that happens to end between two beats that are so far apart could tell.
const beat = 50 * time.Millisecond

// find answers a look-up. Nothing of it is logged but what went wrong with the registry.
func (d *window) find(ctx context.Context, q question) (*Status, *problem) {
	begun := time.Now()
	number, birth, wrong := q.read()
	if wrong != nil {
		return nil, wrong
	}
	shown, wrong := d.lookUp(ctx, number, birth, q.client)
	if wrong == nil {
		status := statusOf(shown)
		status.VNeID = template.URL(strings.ReplaceAll(d.VNeID, "{receipt}", string(number))) //nolint:gosec // of the settings, which say its scheme
		return status, nil
	}
	took := time.Since(begun)
	select {
	case <-ctx.Done():
	case <-time.After((took/beat+1)*beat - took):
	}
	return nil, wrong
}

// read reads what was typed.
func (q question) read() (identity.ApplicationNumber, identity.Date, *problem) {
	number, err := identity.ParseApplicationNumber(q.receipt)
	if err != nil {
		return "", identity.Date{}, &mistyped
	}
	birth, err := born(q.birth)
	if err != nil {
		return "", identity.Date{}, &undated
	}
	return number, birth, nil
}

// lookUp looks one application up at a time, so that tries are counted before the next.
func (d *window) lookUp(ctx context.Context, number identity.ApplicationNumber, birth identity.Date, client []byte) (registry.Shown, *problem) {
	fault := func(err error) (registry.Shown, *problem) {
		if ctx.Err() == nil {
			d.Logger.Error("Status not read", "error", err)
		}
		return registry.Shown{}, &busy
	}
	receipt, err := d.Code([]byte("receipt " + number))
	if err != nil {
		return fault(err)
	}
	done, err := d.turns.take(ctx, receipt)
	if err != nil {
		return fault(err)
	}
	defer done()
	shown, misses, err := d.Registry.LookUp(ctx, number, client, receipt)
	if err != nil && !identity.Refused(err, identity.NotFound) {
		return fault(err)
	}
	if ok, again := d.Tries.left(misses); !ok {
		return registry.Shown{}, locked(time.Until(again)) //nolint:forbidigo // how long is all that is asked
	}
	if err == nil && shown.Birth == birth {
		return shown, nil
	}
	if err := d.Registry.NoteMiss(ctx, client, receipt); err != nil {
		return fault(err)
	}
	return registry.Shown{}, &missed
}

// born reads a birth date as people write it: 31/12/1990, or 12/1990 or 1990 where
// no more is known, with dots or hyphens as well, or in ISO 8601.
func born(typed string) (identity.Date, error) {
	typed = strings.NewReplacer(".", "/", "-", "/").Replace(strings.Join(strings.Fields(typed), ""))
	parts := strings.Split(typed, "/")
	if len(parts[0]) != 4 {
		slices.Reverse(parts)
	}
	for i, part := range parts {
		if len(part) == 1 {
			parts[i] = "0" + part
		}
	}
	return identity.ParseDate(strings.Join(parts, "-"))
}

// client is the code of the network that asks: an IPv4 address, or the first 64 bits of an
// IPv6 address, which one subscriber has.
func (d *window) client(r *http.Request) []byte {
	from := r.RemoteAddr
	if d.BehindProxy {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		from = strings.TrimSpace(hops[len(hops)-1])
	}
	address, err := addressOf(from)
	if err != nil {
		address = netip.IPv6Unspecified() // whoever hides shares what there is with all who do
	}
	bits := 32
	if address = address.Unmap().WithZone(""); address.Is6() {
		bits = 64
	}
	network := netip.PrefixFrom(address, bits).Masked().String()
	code, err := d.Code([]byte("client " + network))
	if err != nil {
		d.Logger.Error("Client not coded", "error", err)
		return bytes.Repeat([]byte{0}, 32)
	}
	return code
}

// addressOf reads an address as proxies write it: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1,
// [2001:db8::1] or [2001:db8::1]:4711.
func addressOf(hop string) (netip.Addr, error) {
	if with, err := netip.ParseAddrPort(hop); err == nil {
		return with.Addr(), nil
	}
	if inside, ok := strings.CutPrefix(hop, "["); ok {
		hop = strings.TrimSuffix(inside, "]")
	}
	return netip.ParseAddr(hop)
}

// turns let one look-up of a receipt be done at a time.
type turns struct {
	seed  maphash.Seed
	lanes []chan struct{}
}

func newTurns() turns {
	t := turns{seed: maphash.MakeSeed(), lanes: make([]chan struct{}, 1024)}
	for i := range t.lanes {
		t.lanes[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of a receipt, until ctx ends.
func (t turns) take(ctx context.Context, receipt []byte) (done func(), err error) {
	lane := t.lanes[maphash.Bytes(t.seed, receipt)%uint64(len(t.lanes))]
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
