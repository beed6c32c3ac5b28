package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWhatPutsTheJournalInDoubt(t *testing.T) {
	f := func(name string, st State, closed, missing, want bool) {
		t.Helper()
		if got := st.doubt(closed, missing) != ""; got != want {
			t.Errorf("%s: in doubt %v, want %v", name, got, want)
		}
	}
	same := State{SameBoot: true, SameMachine: true, SameDir: true}
	f("killed", same, false, false, false)
	f("ended by itself", same, true, false, false)
	f("cut off", same, false, true, true)
	boot := same
	boot.SameBoot = false
	f("the machine went down", boot, false, false, true)
	f("ended by itself, then the machine was restarted", boot, true, false, false)
	always := boot
	always.Prior.Always = true
	f("the machine went down, every write was durable", always, false, false, false)
	f("the same, in the midst of a write", always, false, true, false)
	other := same
	other.SameMachine = false
	f("another machine", other, true, false, true)
	moved := same
	moved.SameDir = false
	f("a copy of the directory", moved, true, false, true)
	damaged := same
	damaged.Damaged = 1
	f("damaged", damaged, true, false, true)
}

// Doubt outlives any number of runs and producer ids, until it is ended.
func TestDoubtStaysUntilItIsEnded(t *testing.T) {
	f := func(name string, end Record, want string) {
		t.Helper()
		dir := t.TempDir()
		reopen := func(recs ...Record) string {
			t.Helper()
			j, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			found := ""
			if lanes := j.State().Lanes; len(lanes) > 0 {
				found = lanes[0].Doubt
				if found != "" && lanes[0].DoubtFrom != 7 {
					t.Errorf("%s: in doubt from %d on", name, lanes[0].DoubtFrom)
				}
			}
			if err := j.Write(recs...); err != nil {
				t.Fatal(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			return found
		}
		reopen(Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}}, Record{Doubt: &Doubt{Lane: 1, Cause: "power", From: 7}})
		for range 3 {
			if got := reopen(); got != "power" {
				t.Fatalf("%s: doubt %q after a run that changed nothing", name, got)
			}
		}
		reopen(end)
		if got := reopen(); got != want {
			t.Errorf("%s: doubt %q, want %q", name, got, want)
		}
	}
	f("the same id again", Record{PID: &PID{Lane: 1, PID: 5}}, "power")
	f("another id", Record{PID: &PID{Lane: 1, PID: 6}}, "power")
	f("a rebind", Record{Rebind: &Rebind{Lane: 1, PID: 6}}, "power")
	f("its end", Record{Doubt: &Doubt{Lane: 1}}, "")
}

// Nothing was sent since the machine came up, when the journal was last written
// well before that. Otherwise it came from a machine that runs, or ran until now.
func TestSentUp(t *testing.T) {
	up, now := Uptime(), time.Now().UnixMilli()
	boot := now - up
	f := func(name string, st State, written int64, before bool) {
		t.Helper()
		st.Prior.Boot = "a"
		if got := st.sentUp(Header{Boot: "b", Time: now}, written); (got == 1) != before || !before && got < up {
			t.Errorf("%s: %d, up for %d", name, got, up)
		}
	}
	same := State{SameMachine: true, SameDir: true}
	f("the machine went down", same, boot-2*bootMargin, true)
	f("it went down and came up at once, or the clock is wrong", same, boot-bootMargin/2, false)
	f("the volume was on another machine a moment ago", same, now, false)
	f("another machine", State{SameDir: true}, boot-2*bootMargin, false)
	f("a copy", State{SameMachine: true}, boot-2*bootMargin, false)
	f("killed", State{SameBoot: true, SameMachine: true, SameDir: true}, boot-2*bootMargin, false)
}

// The files of a copy are put where the journal was: the directory is the same,
// and what they say is old.
func TestCopyPutBack(t *testing.T) {
	dir, aside := t.TempDir(), t.TempDir()
	open := func() State {
		t.Helper()
		j := mustOpen(t, dir, Options{})
		mustWrite(t, j, Record{Lane: &Lane{ID: 1}})
		st := j.State()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		return st
	}
	open()
	if st := open(); !st.SameDir || st.Lanes[0].Doubt != "" {
		t.Errorf("nobody touched it: %+v", st)
	}
	if err := os.CopyFS(filepath.Join(aside, "state"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(aside, "state"))); err != nil {
		t.Fatal(err)
	}
	if st := open(); st.SameDir || st.Lanes[0].Doubt == "" {
		t.Errorf("not noticed: %+v", st)
	}
	if st := open(); !st.SameDir {
		t.Errorf("it is this run's own now: %+v", st)
	}
}
