package test

import (
	"os"
	"path/filepath"
	"testing"

	"tailrace/test/lines"
)

// Nothing matches at the start; then folders and files appear in them, also a
// second name for a file and names that are odd.
func TestFilesAppear(t *testing.T) {
	t.Parallel()
	dir, s := tempDir(t), seed(t)
	st := newStage(t, sharedBroker(t), 0, s, config{})
	st.agent = newAgent(t, config{broker: st.broker.Addr, inputs: []input{
		{paths: []string{filepath.Join(dir, "**", "*.log")}, topic: st.topic}}})
	st.agent.start()
	st.agent.waitSaid(stopLimit, "tailrace starts")
	for i, name := range []string{"a.log", "web/b.log", "web/deep/er/c.log", "with space/d e.log", "ünï/f.log", "new\nline/g.log"} {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		l, err := lines.NewLog(path, lines.NewChain("chain-"+string(rune('a'+i)), s), s)
		must(t, err)
		t.Cleanup(func() { l.Close() })
		st.logs = append(st.logs, l)
	}
	must(t, os.WriteFile(filepath.Join(dir, "web", "no-log.txt"), []byte("not to be shipped\n"), 0o644))
	st.put(100)
	st.arrive() // the first name is the one that is found first
	must(t, os.Link(filepath.Join(dir, "a.log"), filepath.Join(dir, "web", "same.log")))
	st.put(100)
	st.exact()
}
