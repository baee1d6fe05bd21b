package webtest

import (
	"encoding/base64"
	"fmt"

	"github.com/stretchr/testify/require"
)

// Device makes the page be seen on a screen of that width in CSS pixels, by somebody who
// prefers dark or light.
func (p *Page) Device(width int, dark bool) {
	p.tb.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
	p.do("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}})
}

// Paper makes the page be seen as it is printed by somebody who prefers dark on screens.
func (p *Page) Paper() {
	p.tb.Helper()
	p.do("Emulation.setEmulatedMedia", map[string]any{"media": "print", "features": []any{map[string]any{"name": "prefers-color-scheme", "value": "dark"}}})
}

// NoScripts has the page run no scripts of the pages that it opens from then on. What a test
// evaluates in them is run still.
func (p *Page) NoScripts() {
	p.tb.Helper()
	p.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
}

// Press presses a key, with the text that it types; none for Tab, Enter and arrows.
func (p *Page) Press(key string) {
	p.tb.Helper()
	event := map[string]any{"type": "keyDown", "key": key, "code": key}
	switch key {
	case "Tab":
		event["windowsVirtualKeyCode"] = 9
	case "Enter":
		event["windowsVirtualKeyCode"], event["text"] = 13, "\r"
	case "ArrowLeft":
		event["windowsVirtualKeyCode"] = 37
	case "ArrowRight":
		event["windowsVirtualKeyCode"] = 39
	default:
		event["text"] = key
	}
	p.do("Input.dispatchKeyEvent", event)
	p.do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": event["windowsVirtualKeyCode"]})
}

// Type types a text where the focus is.
func (p *Page) Type(text string) {
	p.tb.Helper()
	p.do("Input.insertText", map[string]any{"text": text})
}

// Picture is the whole page as PNG.
func (p *Page) Picture() []byte {
	return p.data("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
}

// Print is the page as it is printed, as PDF.
func (p *Page) Print() []byte {
	return p.data("Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69}) // A4
}

func (p *Page) data(method string, params any) []byte {
	p.tb.Helper()
	var result struct{ Data string }
	require.NoError(p.tb, p.browser.try(p.session, method, params, &result))
	b, err := base64.StdEncoding.DecodeString(result.Data)
	require.NoError(p.tb, err)
	return b
}

// Accessible requires that axe, whose script is given, finds nothing against the page.
func (p *Page) Accessible(axe []byte) {
	p.tb.Helper()
	p.Eval(string(axe) + "; true")
	found := p.Eval(`axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v =>
		v.id + ': ' + v.help + ': ' + v.nodes.map(n => n.html).join(' ')).join('\n'))`)
	require.Empty(p.tb, found, fmt.Sprint(p.Eval("location.href")))
}
