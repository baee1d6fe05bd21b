// Package webtest drives a real browser: headless Chromium, by its DevTools protocol, with
// authenticators in software that answer as a person's would.
package webtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Chromium is the browser. Where there is none the test is skipped, or fails where CI is
// set.
func Chromium(tb testing.TB) string {
	tb.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") != "" {
		tb.Fatal("there is no browser: CI has to give the tests one (Debian: chromium)")
	}
	if err != nil {
		tb.Skip("there is no browser (Debian: chromium)")
	}
	return chromium
}

// Browser is a running Chromium.
type Browser struct {
	to io.Writer

	mu     sync.Mutex
	last   int
	asked  map[int]chan answer
	events map[string][]string // complaints of each page, by its session
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Open starts a browser that ends with the test.
func Open(tb testing.TB) *Browser {
	tb.Helper()
	toIt, write, err := os.Pipe()
	require.NoError(tb, err)
	read, fromIt, err := os.Pipe()
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	profile, err := os.MkdirTemp("", "chromium") //nolint:usetesting // its children may write a moment longer than it runs
	require.NoError(tb, err)
	command := exec.CommandContext(ctx, Chromium(tb), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", //nolint:gosec // the browser is found by its name
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	command.ExtraFiles = []*os.File{toIt, fromIt} // the protocol's, by their numbers 3 and 4
	require.NoError(tb, command.Start())
	require.NoError(tb, toIt.Close())
	require.NoError(tb, fromIt.Close())
	b := &Browser{to: write, asked: make(map[int]chan answer), events: make(map[string][]string)}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		b.hear(read)
	}()
	tb.Cleanup(func() {
		patience := time.AfterFunc(10*time.Second, cancel) // then it is killed
		_ = b.try("", "Browser.close", nil, nil)
		_ = command.Wait()
		patience.Stop()
		cancel()
		<-heard
		_, _, _ = write.Close(), read.Close(), os.RemoveAll(profile)
	})
	return b
}

// hear reads what the browser says until it ends: documents of JSON, each ended by a zero.
func (b *Browser) hear(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes(0)
		if err != nil {
			break
		}
		var m struct {
			ID      int             `json:"id"`
			Method  string          `json:"method"`
			Session string          `json:"sessionId"`
			Params  json.RawMessage `json:"params"`
			answer
		}
		if json.Unmarshal(bytes.TrimSuffix(line, []byte{0}), &m) != nil {
			continue
		}
		b.mu.Lock()
		if waiting, ok := b.asked[m.ID]; ok {
			waiting <- m.answer
			delete(b.asked, m.ID)
		}
		if m.Method == "Log.entryAdded" && bytes.Contains(m.Params, []byte(`"level":"error"`)) || m.Method == "Runtime.exceptionThrown" {
			b.events[m.Session] = append(b.events[m.Session], string(m.Params))
		}
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, waiting := range b.asked {
		close(waiting)
	}
	b.asked = nil
}

// try sends a command and waits for its answer.
func (b *Browser) try(session, method string, params, result any) error {
	waiting := make(chan answer, 1)
	b.mu.Lock()
	if b.asked == nil {
		b.mu.Unlock()
		return io.ErrClosedPipe
	}
	b.last++
	message := map[string]any{"id": b.last, "method": method, "params": params}
	if params == nil {
		message["params"] = map[string]any{}
	}
	if session != "" {
		message["sessionId"] = session
	}
	b.asked[b.last] = waiting
	line, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(line, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	got, open := <-waiting
	switch {
	case !open:
		return io.ErrUnexpectedEOF
	case got.Error != nil:
		return fmt.Errorf("%s: %s", method, got.Error.Message)
	case result != nil:
		return json.Unmarshal(got.Result, result)
	}
	return nil
}

// Page is a window of a browser that shares nothing with its other windows: cookies and
// passkeys are its own.
type Page struct {
	tb      testing.TB
	browser *Browser
	session string
}

// NewPage opens a window with an authenticator that holds passkeys and verifies its user.
func (b *Browser) NewPage(tb testing.TB) *Page {
	tb.Helper()
	var context struct {
		ID string `json:"browserContextId"`
	}
	require.NoError(tb, b.try("", "Target.createBrowserContext", nil, &context))
	var target struct {
		ID string `json:"targetId"`
	}
	require.NoError(tb, b.try("", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": context.ID}, &target))
	var attached struct {
		Session string `json:"sessionId"`
	}
	require.NoError(tb, b.try("", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached))
	p := &Page{tb, b, attached.Session}
	for _, domain := range []string{"Page", "Log", "Runtime", "WebAuthn"} {
		p.do(domain+".enable", nil)
	}
	p.do("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
		"automaticPresenceSimulation": true,
	}})
	return p
}

func (p *Page) do(method string, params any) {
	p.tb.Helper()
	require.NoError(p.tb, p.browser.try(p.session, method, params, nil))
}

// Go opens an address and waits until the page is there.
func (p *Page) Go(address string) {
	p.tb.Helper()
	p.do("Page.navigate", map[string]any{"url": address})
	p.Await("location.href.startsWith(" + quoted(strings.SplitN(address, "?", 2)[0]) + ") && document.readyState === 'complete'")
}

// Eval gives the value of an expression in the page; of a promise, what it comes to.
func (p *Page) Eval(expression string) any {
	p.tb.Helper()
	value, err := p.eval(expression)
	require.NoError(p.tb, err, expression)
	return value
}

func (p *Page) eval(expression string) (any, error) {
	var result struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := p.browser.try(p.session, "Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &result)
	if err == nil && result.Exception != nil {
		err = fmt.Errorf("%s: %s", result.Exception.Text, result.Exception.Exception.Description)
	}
	return result.Result.Value, err
}

// patience is how long a page may take where many others are made at the same time.
const patience = 2 * time.Minute

// Await waits until an expression is true in the page, whichever page it is by then.
func (p *Page) Await(expression string) {
	p.tb.Helper()
	is := func() bool {
		value, err := p.eval(expression)
		return err == nil && value == true
	}
	for end := time.Now().Add(patience); !is(); { //nolint:forbidigo // how long it takes is all that is asked
		if time.Now().After(end) { //nolint:forbidigo // as well
			text, _ := p.eval("location.href + '\\n' + document.body.innerText")
			require.FailNow(p.tb, "the page does not come to this", "%s\n%v\n%s", expression, text, p.Complaints())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Shows waits until a text stands in the page.
func (p *Page) Shows(text string) {
	p.tb.Helper()
	p.Await("document.readyState === 'complete' && document.body.innerText.includes(" + quoted(text) + ")")
}

// Fill types into a field.
func (p *Page) Fill(selector, value string) {
	p.tb.Helper()
	p.Eval(fmt.Sprintf("document.querySelector(%s).value = %s", quoted(selector), quoted(value)))
}

// Click clicks on what a selector finds.
func (p *Page) Click(selector string) {
	p.tb.Helper()
	p.Eval(fmt.Sprintf("document.querySelector(%s).click()", quoted(selector)))
}

// Complaints are what the browser logged of the page: what its policy forbids, what failed
// to load, errors of scripts.
func (p *Page) Complaints() []string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	return append([]string(nil), p.browser.events[p.session]...)
}

// quoted writes a text as JavaScript does.
func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // a string can always be written
		panic(err)
	}
	return string(b)
}
