package journal

import "testing"

func TestWhatPutsTheJournalInDoubt(t *testing.T) {
	f := func(name string, st State, closed, want bool) {
		t.Helper()
		if got := st.doubt(closed) != ""; got != want {
			t.Errorf("%s: in doubt %v, want %v", name, got, want)
		}
	}
	same := State{SameBoot: true, SameMachine: true, SameDir: true}
	f("killed", same, false, false)
	f("ended by itself", same, true, false)
	boot := same
	boot.SameBoot = false
	f("the machine went down", boot, false, true)
	f("ended by itself, then the machine was restarted", boot, true, false)
	always := boot
	always.Prior.Always = true
	f("the machine went down, every write was durable", always, false, false)
	other := same
	other.SameMachine = false
	f("another machine", other, true, true)
	moved := same
	moved.SameDir = false
	f("a copy of the directory", moved, true, true)
	damaged := same
	damaged.Damaged = 1
	f("damaged", damaged, true, true)
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
