package apdu

import "context"

// Watch passes commands on to a card, counts them, and sees how those of extended length
// fare: not every reader passes them on. Some answer themselves, by 6700 or another status
// word, some fail, and some cut the response.
type Watch struct {
	Card Card
	Sent int

	Long   bool // the last command had extended length
	Bytes  int  // length of the last response
	Failed bool // it had, and there was no response to it, or one that refuses it
	Taken  bool // one of extended length was served
}

// Transmit passes a command on.
func (w *Watch) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	w.Sent++
	w.Long = len(command) > headerBytes+1 && command[headerBytes] == 0
	answer, err := w.Card.Transmit(ctx, command)
	w.Bytes = len(answer)
	r, malformed := ParseResponse(answer)
	w.Failed = w.Long && (err != nil || malformed != nil || r.SW != OK && r.SW.SW1() != BytesRemaining.SW1())
	w.Taken = w.Taken || w.Long && !w.Failed
	return answer, err
}
