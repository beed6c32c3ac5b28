package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/notify"
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
	w.must(in.ask(ctx, func() { in.scan.next = time.Now().Add(time.Hour) })) // the next one would find everything
	return w
}

// tooLate is when a test gives up.
const tooLate = 2 * time.Minute

// next waits for a chunk.
func (w *live) next(want string) {
	w.t.Helper()
	q := w.in.Feed("t")
	late := time.After(tooLate)
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

// The same where the file is beside its link, under a name that no pattern matches.
func TestNotifiedBesideLink(t *testing.T) {
	w := newLive(t, "a.log")
	for n := range 3 {
		name := fmt.Sprintf("a.log.2026112%d", n)
		for i := range 3 {
			line := fmt.Sprintf("%d of %s\n", i, name)
			w.write(name, line)
			if i == 0 {
				w.must(os.Symlink(name, filepath.Join(w.dir, "tmp")))
				w.rename("tmp", "a.log")
			}
			w.next(line)
			w.must(w.in.ask(t.Context(), func() { // it had no data for a while
				for f := range w.in.hot {
					f.polled.Store(false)
				}
				clear(w.in.hot)
			}))
		}
	}
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

// A directory of which the path has no wildcard is renamed and made again, in a
// moment as after one: the log in it is found when that is told, since the next one
// may follow within a second, and at the next tick when nobody tells.
func TestDirectoryMadeAgain(t *testing.T) {
	for _, at := range []string{"at once", "later", "untold"} {
		dir := t.TempDir()
		app := filepath.Join(dir, "app")
		in, err := New(Options{Inputs: []Config{{Paths: []string{app + "/*.log"}, Topic: "t"}}, Journal: &fakeJournal{}})
		if err != nil {
			t.Fatal(err)
		}
		in.watch = notify.New(in.log)
		made := func() {
			if err := os.Mkdir(app, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(app+"/a.log", []byte("1\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		made()
		in.beginScan()
		for len(in.scan.left) > 0 {
			in.goOn()
		}
		first := in.fileAt(app + "/a.log")
		if err := os.Rename(app, app+"-1"); err != nil {
			t.Fatal(err)
		}
		gone := fsnotify.Event{Op: fsnotify.Rename, Name: app}
		switch at {
		case "at once":
			made()
			in.event(gone)
		case "untold": // as when a file system is mounted
			made()
			in.tick()
		default:
			in.event(gone)
			if !in.watch.Has(dir) {
				t.Fatal("nobody tells when it is there again")
			}
			in.scan.seek = time.Hour // so long took the walk: it is not made for each event
			made()
			in.event(fsnotify.Event{Op: fsnotify.Create, Name: app})
			in.scan.seek = 0
			all := in.newChores()
			all.Due(time.Now())
			all.Do(time.Now().Add(pollEvery))
		}
		if f := in.fileAt(app + "/a.log"); f == nil || f == first {
			t.Errorf("%s: the new log is not known", at)
		}
		in.close()
	}
}

// A flood of events loses no line.
func TestFloodOfLines(t *testing.T) {
	w := newLive(t, "*.log")
	const lines = 600 // more than a directory is watched with
	for i := range lines {
		w.write("a.log", fmt.Sprintf("%06d\n", i))
	}
	q := w.in.Feed("t")
	late := time.After(tooLate)
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

// A directory is made in one that is new, after that was listed and before it is
// watched: nobody tells of it, and it is found all the same.
func TestDirectoryAppearsUntold(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "a/b/c.log")
	in, err := New(Options{Inputs: []Config{{Paths: []string{dir + "/**/*.log"}, Topic: "t"}}, Journal: &fakeJournal{}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	in.watch = notify.New(in.log)
	defer in.close()
	in.beginScan()
	for len(in.scan.left) > 0 || in.scan.dirs {
		in.goOn()
		in.scan.dirs = false
	}
	must(os.Mkdir(filepath.Dir(filepath.Dir(log)), 0o755))
	must(os.Mkdir(filepath.Join(dir, "z"), 0o755))
	in.disk.Before = func(_, path string) error {
		if path == filepath.Join(dir, "z") { // a was listed
			in.disk.Before = nil
			must(os.Mkdir(filepath.Dir(log), 0o755))
			must(os.WriteFile(log, []byte("1\n"), 0o644))
		}
		return nil
	}
	in.findDirs(time.Now())
	if in.fileAt(log) != nil || in.disk.Before != nil {
		t.Fatal("the test shows nothing")
	}
	in.scan.seek = 0
	all := in.newChores()
	all.Due(time.Now())
	all.Do(time.Now().Add(pollEvery))
	if in.fileAt(log) == nil {
		t.Error("the new log is not known")
	}
}
