package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tailrace/test/port"
)

// logged is a log that can be read.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func newServer(t *testing.T) (*Server, *logged) {
	log := &logged{}
	return NewServer(slog.New(slog.NewTextHandler(log, nil))), log
}

// echo answers with what it was asked.
func echo() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.FormValue("q"))
	})
	return mux
}

// ask is the answer to q.
func ask(dir, q string) (string, error) {
	var out string
	err := Ask(context.Background(), dir, "/echo", url.Values{"q": {q}}, &out)
	return out, err
}

// The socket is for its owner, replaces what a killed agent left, and goes away
// at the end.
func TestSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, socketName)
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if _, err := ask(dir, "x"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a socket that nobody listens on: %v", err)
	}
	s, log := newServer(t)
	s.OnSocket(dir, echo())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if got, err := ask(dir, "ä b&c"); err != nil || got != "ä b&c" {
		t.Errorf("got %q, %v", got, err)
	}
	var out string
	if err := Ask(context.Background(), dir, "/none", nil, &out); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a question that is none: %v", err)
	}
	s.Close()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := ask(dir, "x"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
	if log.String() != "" {
		t.Errorf("logged: %s", log)
	}
}

// What is there and is no socket stays; a path that is too long is said. The
// agent goes on either way.
func TestNoSocket(t *testing.T) {
	f := func(dir, want string) {
		t.Helper()
		s, log := newServer(t)
		s.OnSocket(dir, echo())
		if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("logged %q, want %q", log, want)
		}
		s.Close()
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, socketName), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(dir, "address already in use")
	if b, err := os.ReadFile(filepath.Join(dir, socketName)); err != nil || string(b) != "mine" {
		t.Errorf("the file is %q, %v", b, err)
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	f(long, "set state_dir to a shorter one")
	if _, err := ask(long, "x"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("too long a path: %v", err)
	}
	f(filepath.Join(dir, "none"), "no such file")
}

// A socket that is removed, with its directory even, is made again; what went
// wrong meanwhile is said once.
func TestSocketRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, log := newServer(t)
	s.retry = time.Millisecond
	s.OnSocket(dir, echo())
	answered := func() {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Millisecond) {
			got, err := ask(dir, "x")
			if err == nil && got == "x" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
	answered()
	if err := os.Remove(filepath.Join(dir, socketName)); err != nil {
		t.Fatal(err)
	}
	answered()
	if log.String() != "" {
		t.Errorf("logged: %s", log)
	}
	for err := os.RemoveAll(dir); err != nil; err = os.RemoveAll(dir) {
		if !errors.Is(err, syscall.ENOTEMPTY) { // the socket was made again meanwhile
			t.Fatal(err)
		}
	}
	for !strings.Contains(log.String(), "level=WARN") {
		time.Sleep(time.Millisecond)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	answered()
	lost := &socket{path: filepath.Join(dir, "none", socketName)}
	for range 3 {
		s.renew(lost, echo())
	}
	if n := strings.Count(log.String(), "socket="+lost.path); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	other := t.TempDir()
	k := &socket{path: filepath.Join(other, socketName)}
	for range 2 {
		s.renew(k, echo())
		if _, err := ask(other, "x"); err != nil || !k.there() {
			t.Errorf("the old socket took the new one's name along: %v", err)
		}
		if err := os.Remove(k.path); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if n := strings.Count(log.String(), "level=WARN"); n != 2 || strings.Count(log.String(), "can be asked again") != 1 {
		t.Errorf("logged: %s", log)
	}
	if _, err := os.Lstat(filepath.Join(dir, socketName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// Who asks is not kept waiting for ever.
func TestNoAnswer(t *testing.T) {
	dir := t.TempDir()
	s, _ := newServer(t)
	release := make(chan struct{})
	s.OnSocket(dir, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var out string
	if err := Ask(ctx, dir, "/echo", nil, &out); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("error %v", err)
	}
	close(release)
	s.Close()
}

// A TCP address that is taken is said once, and served when it is free; the end
// does not wait for it.
func TestTCP(t *testing.T) {
	l, err := net.Listen("tcp", port.Held(t).Addr)
	if err != nil {
		t.Fatal(err)
	}
	s, log := newServer(t)
	s.OnTCP(l.Addr().String(), echo())
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "change `metrics`") {
		t.Errorf("logged %q", log)
	}
	s.Close()

	s, log = newServer(t)
	s.retry = time.Millisecond
	s.OnTCP(l.Addr().String(), echo())
	l.Close()
	for !strings.Contains(log.String(), "metrics are served") {
		time.Sleep(time.Millisecond)
	}
	answer, err := http.Get("http://" + l.Addr().String() + "/echo?q=x")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(answer.Body); err != nil || string(b) != "\"x\"\n" {
		t.Errorf("got %q, %v", b, err)
	}
	answer.Body.Close()
	s.Close()
}
