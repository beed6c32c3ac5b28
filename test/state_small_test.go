package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"tailrace/test/lines"
)

// Many small batches go out, and many files come, are shipped and are deleted:
// what the state directory holds, and what the agent knows, stays small.
func TestStateStaysSmall(t *testing.T) {
	t.Parallel()
	const (
		busy             = 8      // logs that are written to all the time
		rounds, together = 3, 400 // files that come and go in a round
		knownMax         = 1100   // a file that is gone is one of 1024, or forgotten
		stateMax         = 8 << 20
	)
	s := seed(t)
	st := newStage(t, sharedBroker(t), busy, s, config{paths: []string{"*.log", "jobs/*.out"}, own: "close_idle: 1h"})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 200}) // a batch for each few lines, of many files
	must(t, os.Mkdir(filepath.Join(st.dir, "jobs"), 0o755))
	all := st.logs
	for n := range rounds {
		st.logs = nil
		for i := range together {
			name := fmt.Sprintf("job-%d-%d", n, i)
			l := st.addLogAt("jobs/"+name+".out", name, s)
			must(t, l.Write(1))
			must(t, l.Flush())
			must(t, l.Close())
		}
		until(t, stalled, "the files are found", func() bool { return st.agent.files().Followed == together+busy })
		for _, l := range st.logs {
			until(t, stalled, "the file is open", func() bool { return st.agent.holds(l.Path) })
			must(t, l.Delete())
		}
		until(t, stalled, "the files are let go", func() bool { return st.agent.files().Followed == busy })
		all = append(all, st.logs...)
	}
	st.logs = all
	until(t, stalled, fmt.Sprintf("no more than %d files are known", knownMax), func() bool {
		n := st.agent.files().Known
		return n > 0 && n <= knownMax
	})
	first := filepath.Join(st.agent.state, "journal.000001")
	until(t, stalled, "the journal was written anew", func() bool {
		_, err := os.Stat(first)
		return errors.Is(err, fs.ErrNotExist)
	})
	stop()
	names, err := filepath.Glob(filepath.Join(st.agent.state, "journal.0*"))
	must(t, err)
	size := int64(0)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil { // else it was put aside meanwhile
			size += info.Size()
		}
	}
	t.Logf("%d bytes in %q", size, names)
	if size > stateMax {
		t.Errorf("%d bytes in %q", size, names)
	}
	st.exact()
}

// fileCount is how many files an agent has.
type fileCount struct{ Known, Followed int }

// files is how many files the agent has; none when it does not say.
func (a *agent) files() fileCount {
	var answer struct{ Files fileCount }
	if out, _, status := command(a.t, "status", "--json", "--config", a.conf); status == 0 {
		must(a.t, json.Unmarshal([]byte(out), &answer))
	}
	return answer.Files
}
