package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// How much of a log, in bytes, is shown of a failed test.
const (
	shownTrouble = 6_000
	shownLog     = 8_000
	shownJournal = 3_000
)

// show shows what may tell why a test failed: what was done to the agent, what
// it said, what it says of itself now, and the end of its journal.
func (a *agent) show() {
	a.t.Logf("done to the agent:\n%s", strings.Join(a.done, "\n"))
	var trouble strings.Builder
	for line := range strings.Lines(a.said()) {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "panic: ") {
			trouble.WriteString(line)
		}
	}
	a.t.Logf("the agent warned of:\n%s", end(trouble.String(), shownTrouble))
	a.t.Logf("the agent said, at the end:\n%s", end(a.said(), shownLog))
	a.t.Logf("tailrace status:\n%s", a.status())
	a.showJournal()
}

// status is what "tailrace status" says, whether the agent runs or not.
func (a *agent) status() string {
	path, err := binary()
	if err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "status", "--config", a.conf).CombinedOutput()
	if err != nil {
		out = append(out, err.Error()...)
	}
	return string(out)
}

// showJournal shows the end of the journal's newest generation.
func (a *agent) showJournal() {
	names, _ := filepath.Glob(filepath.Join(a.state, "journal.0*"))
	if len(names) == 0 {
		a.t.Logf("no journal in %s", a.state)
		return
	}
	slices.Sort(names)
	newest := names[len(names)-1]
	text, err := os.ReadFile(newest)
	a.t.Logf("the end of %s, of %d bytes (%v):\n%s", newest, len(text), err, end(string(text), shownJournal))
}

// end is the last whole lines of a text, of about n bytes.
func end(text string, n int) string {
	if len(text) <= n {
		return text
	}
	text = text[len(text)-n:]
	return "…\n" + text[strings.IndexByte(text, '\n')+1:]
}
