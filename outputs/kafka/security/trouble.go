package security

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Error says what is wrong with the security of the connections to a broker. A
// person is needed; nothing in it is secret.
type Error struct {
	Addr    string // of the broker
	Problem string // the same at each try, without the address
	Advice  string // what to do about it
}

func (e *Error) Error() string { return fmt.Sprintf("broker %s: %s: %s", e.Addr, e.Problem, e.Advice) }

// Timeout and Temporary make it a net.Error, as which sarama gives it on.
func (*Error) Timeout() bool   { return false }
func (*Error) Temporary() bool { return false }

var _ net.Error = (*Error)(nil)

// Broken says that a connection ended while it was being secured. It may be a
// broker that stops.
type Broken struct {
	What string // happened, and what it may be
	Err  error
}

func (b *Broken) Error() string { return b.What + ": " + b.Err.Error() }
func (b *Broken) Unwrap() error { return b.Err }

// hungUp reports whether the other side ended the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// holdOff is how long an address is left alone after an Error.
const holdOff = 5 * time.Second

// troubles is what is wrong now. It is safe for any goroutine.
type troubles struct {
	log *slog.Logger

	mu      sync.Mutex
	byAddr  map[string]failure
	holders map[string]int // addresses that have a problem, by its text
}

type failure struct {
	err *Error
	at  time.Time
}

// recent is the Error that an address has had just now, or nil.
func (t *troubles) recent(addr string) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f, ok := t.byAddr[addr]; ok && time.Since(f.at) < holdOff {
		return f.err
	}
	return nil
}

// note takes what came of securing a connection. A problem is logged when the
// first address has it, and when none has it any more. Any other error, such as
// of a broker that restarts, changes nothing.
func (t *troubles) note(addr string, err error) {
	var e *Error
	if err != nil && !errors.As(err, &e) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old, had := t.byAddr[addr]
	switch {
	case !had && e == nil:
		return
	case had && e != nil && old.err.Problem == e.Problem:
		t.byAddr[addr] = failure{e, time.Now()}
		return
	}
	if had {
		delete(t.byAddr, addr)
		if t.holders[old.err.Problem]--; t.holders[old.err.Problem] == 0 {
			delete(t.holders, old.err.Problem)
			t.ended(addr, old.err, e == nil)
		}
	}
	if e != nil {
		t.begin(addr, e)
	}
}

// begin notes a problem that the address did not have before.
func (t *troubles) begin(addr string, e *Error) {
	if t.byAddr == nil {
		t.byAddr, t.holders = map[string]failure{}, map[string]int{}
	}
	t.byAddr[addr] = failure{e, time.Now()}
	if t.holders[e.Problem]++; t.holders[e.Problem] == 1 {
		t.log.Error("a broker cannot be used: lines wait in their files, nothing is lost; trying again until it works",
			"broker", addr, "problem", e.Problem, "advice", e.Advice)
	}
}

func (t *troubles) ended(addr string, e *Error, well bool) {
	if well {
		t.log.Info("the broker can be used again", "broker", addr, "problem", e.Problem)
	}
}

// errSpeaksTLS says that a port wants TLS from who does not speak it.
var errSpeaksTLS = errors.New("it answers in TLS")

// speaksTLS reports whether what a broker sent first is an alert of TLS. As the
// size of an answer it would be 352 MB.
func speaksTLS(b []byte) bool { return len(b) >= 2 && b[0] == 0x15 && b[1] == 0x03 }

func wantsTLS(addr string) *Error {
	return &Error{addr, "this port wants TLS", `write "tls: true" in outputs.kafka, or "tls: {ca: FILE}" for an authority of your own`}
}

// explain says what an error before authentication means.
func (s *session) explain(err error) error {
	switch {
	case errors.Is(err, errSpeaksTLS):
		return wantsTLS(s.addr)
	case s.tls != nil:
		return s.tls.explain(s.addr, err)
	case hungUp(err):
		return &Broken{"it hung up on the first request: it is stopping, or this port wants TLS", err}
	}
	return &Broken{"the first request", err}
}
