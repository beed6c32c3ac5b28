package tail

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// live is an agent that the file system notifies, in real time.
type live struct {
	t   *testing.T
	dir string
	in  *Input
}

func newLive(t *testing.T, pattern string) *live {
	t.Helper()
	w := &live{t: t, dir: t.TempDir()}
	in, err := New(Options{Inputs: []Config{{Paths: []string{filepath.Join(w.dir, pattern)}, Topic: "t"}}, Journal: &fakeJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	w.in = in
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = in.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	<-in.scanned
	return w
}

// next waits for a chunk. That takes a moment: only when the test fails is the
// time up, well before the scan that finds everything after 10 s.
func (w *live) next(want string) {
	w.t.Helper()
	q := w.in.Feed("t")
	late := time.After(6 * time.Second)
	var c flow.Chunk
	for !q.Next(&c, readSize) {
		select {
		case <-q.Wake():
		case <-late:
			w.t.Fatalf("%q did not arrive", want)
		}
	}
	if string(c.Data) != want {
		w.t.Fatalf("got %q, want %q", c.Data, want)
	}
}

func (w *live) write(path, data string) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.dir, path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	w.must(err)
	_, err = f.WriteString(data)
	w.must(err)
	w.must(f.Close())
}

func (w *live) mkdir(path string) { w.must(os.MkdirAll(filepath.Join(w.dir, path), 0o755)) }
func (w *live) rename(from, to string) {
	w.must(os.Rename(filepath.Join(w.dir, from), filepath.Join(w.dir, to)))
}

func (w *live) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// With notification by the file system a line reaches Wake at once, in new
// directories too, and through a rotation.
func TestNotified(t *testing.T) {
	w := newLive(t, "**/*.log")
	w.write("a.log", "1\n")
	w.next("1\n")
	w.write("a.log", "2\n")
	w.next("2\n")
	w.mkdir("new/er")
	w.write("new/er/b\n ü.log", "3\n")
	w.next("3\n")
	w.rename("a.log", "a.log.1")
	w.write("a.log.1", "4\n")
	w.write("a.log", "5\n")
	w.next("4\n")
	w.next("5\n")
	// a directory that is removed and made again
	w.must(os.RemoveAll(filepath.Join(w.dir, "new")))
	w.mkdir("new/er")
	w.write("new/er/b\n ü.log", "6\n")
	w.next("6\n")
}

// The directory that a link leads to is watched.
func TestNotifiedBehindLink(t *testing.T) {
	w := newLive(t, "links/*.log")
	w.mkdir("links")
	w.mkdir("logs")
	w.write("logs/0.log", "1\n")
	w.must(os.Symlink("../logs/0.log", filepath.Join(w.dir, "links/a.log")))
	w.next("1\n")
	w.write("logs/0.log", "2\n")
	w.next("2\n")
	w.rename("logs/0.log", "logs/0.log.1")
	w.write("logs/0.log", "3\n")
	w.next("3\n")
	w.write("logs/1.log", "4\n")
	w.must(os.Remove(filepath.Join(w.dir, "links/a.log")))
	w.must(os.Symlink("../logs/1.log", filepath.Join(w.dir, "links/a.log")))
	w.next("4\n")
}

// A directory may appear where not even its parent was, or where a wildcard
// matches it.
func TestDirectoryAppears(t *testing.T) {
	f := func(pattern, dir string) {
		t.Helper()
		w := newLive(t, pattern)
		w.mkdir(dir)
		w.write(dir+"/a.log", "1\n")
		w.next("1\n")
		w.write(dir+"/a.log", "2\n")
		w.next("2\n")
	}
	f("x/y/z/*.log", "x/y/z")
	f("x/*/z/*.log", "x/y/z")
	f("*/log/*.log", "app/log")
}

// A directory that is renamed takes its files with it.
func TestDirectoryRenamed(t *testing.T) {
	w := newLive(t, "*/a.log")
	w.mkdir("x")
	w.write("x/a.log", "1\n")
	w.next("1\n")
	w.rename("x", "y")
	w.write("y/a.log", "2\n")
	w.next("2\n")
}

// A directory with too many events is not watched for as long as they last.
func TestFlood(t *testing.T) {
	dir := t.TempDir()
	in, err := New(Options{Journal: &fakeJournal{}})
	if err != nil {
		t.Fatal(err)
	}
	w := newWatcher(slog.New(slog.DiscardHandler))
	defer w.close()
	w.add(dir)
	watched := func() bool { return slices.Contains(w.w.WatchList(), dir) }
	now := time.Now()
	for range floodEvents {
		w.flood(dir, now)
	}
	if !watched() || w.anyFlooded() {
		t.Fatal("not watched before the flood")
	}
	w.flood(dir, now)
	if watched() || !w.anyFlooded() || !w.has(dir) {
		t.Fatal("watched during the flood")
	}
	w.poll(in, now.Add(floodLook)) // it has changed since it was never looked at
	if in.dirty[dir] == nil {
		t.Error("a change during the flood was not seen")
	}
	delete(in.dirty, dir)
	w.poll(in, now.Add(2*floodLook))
	if in.dirty[dir] != nil || watched() {
		t.Error("looked at though nothing changed, or watched again too soon")
	}
	w.poll(in, now.Add(2*floodLook+calmAfter+time.Second))
	if !watched() || w.anyFlooded() || in.dirty[dir] == nil {
		t.Error("not watched, or not looked at, after the flood")
	}
}

// On a network file system others may write, which is not told: it is looked at
// all the time, and its files are polled.
func TestRemote(t *testing.T) {
	w := newWatcher(slog.New(slog.DiscardHandler))
	defer w.close()
	here, there := t.TempDir(), t.TempDir()
	w.remote = func(path string) bool { return path == there }
	w.add(here)
	if !w.complete() || !w.sees(here) || !w.tells(here) {
		t.Error("a directory that is watched is not")
	}
	w.add(there)
	if w.complete() || w.sees(there) || w.tells(there) || !w.has(there) {
		t.Error("what the watch of a remote directory tells is taken for all")
	}
}

// The type of a file system is found.
func TestIsRemote(t *testing.T) {
	if isRemote("/proc") || isRemote("/nowhere") {
		t.Error("a local file system is taken for a remote one")
	}
	defer func(types []int64) { remoteTypes = types }(remoteTypes)
	remoteTypes = []int64{unix.PROC_SUPER_MAGIC}
	if !isRemote("/proc") {
		t.Error("the type is not found")
	}
}

// A flood of events loses no line.
func TestFloodOfLines(t *testing.T) {
	w := newLive(t, "*.log")
	const lines = 3 * floodEvents
	for i := range lines {
		w.write("a.log", fmt.Sprintf("%06d\n", i))
	}
	q := w.in.Feed("t")
	late := time.After(9 * time.Second)
	var c flow.Chunk
	for n := 0; n < lines; {
		if !q.Next(&c, readSize) {
			select {
			case <-q.Wake():
			case <-late:
				t.Fatalf("%d of %d lines", n, lines)
			}
			continue
		}
		for i := range c.Lines() {
			if want := fmt.Sprintf("%06d", n); string(c.Line(i)) != want {
				t.Fatalf("got %q, want %q", c.Line(i), want)
			}
			n++
		}
	}
}

// The directory of a log is a symbolic link, as in current/log, which is switched:
// by a rename, and by being removed and made again.
func TestNotifiedBehindLinkToDirectory(t *testing.T) {
	for _, pattern := range []string{"app/current/a.log", "app/current/log/a.log", "*/current/log/a.log", "app/up/current/log/a.log"} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Dir(pattern)
			dir = strings.TrimPrefix(strings.TrimPrefix(dir, "app/up/"), "app/")
			dir = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(dir, "*/"), "current"), "/")
			w := newLive(t, pattern)
			w.mkdir("app")
			w.must(os.Symlink(".", filepath.Join(w.dir, "app/up")))
			link := filepath.Join(w.dir, "app/current")
			for n := range 4 {
				release := fmt.Sprintf("release-%d", n)
				w.mkdir(filepath.Join(release, dir))
				switch {
				case n == 0:
					w.must(os.Symlink("../"+release, link))
				case n < 3:
					w.must(os.Symlink("../"+release, link+".new"))
					w.must(os.Rename(link+".new", link))
				default:
					w.must(os.Remove(link))
					w.must(os.Symlink("../"+release, link))
				}
				for _, text := range []string{"first", "second"} {
					line := fmt.Sprintf("%s %d\n", text, n)
					w.write(filepath.Join(release, dir, "a.log"), line)
					w.next(line)
				}
			}
		})
	}
}
