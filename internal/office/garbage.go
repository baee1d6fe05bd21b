package office

import (
	"os"
	"runtime/debug"
)

// SpareCollection has a worker's garbage collected when there is four times as much of it as
// of what is in use: a card leaves megabytes, mostly of pictures, and what is in use is
// little. Where GOGC is set, it holds.
func SpareCollection() {
	const percent = 400
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
