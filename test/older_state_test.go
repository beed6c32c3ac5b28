package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tailrace/test/lines"
)

// olderRecords is what the first version wrote into its journal: the kinds of
// records, and their fields where there are more now.
var olderRecords = map[string][]string{
	"header": {"format", "machine", "boot", "inode", "time"},
	"file":   {"id", "path", "now", "topic", "dev", "ino", "birth", "prev", "base", "base_mark", "done"},
	"lost":   {"file", "path", "bytes", "cause"}, "highest": {"file", "lane"}, "position": {"id", "end", "mark"},
	"forget": nil, "lane": nil, "pid": nil, "intent": nil, "split": nil, "ack": nil, "rebind": nil, "done": nil, "progress": nil, "end": nil,
}

// An agent of an older version was killed under load, and a log rotated after
// that: its state is read as what it meant then.
func TestOlderState(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 2, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 2_000, Rotate: time.Second, Keep: 100})
	wait(t, 3*time.Second)
	st.agent.kill()
	stop()
	st.put(100)
	for _, l := range st.logs {
		must(t, l.Rotate(100))
	}
	st.put(100)
	names, err := filepath.Glob(filepath.Join(st.agent.state, "journal.0*"))
	must(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(name, older(t, text), 0o600))
	}
	must(t, os.Remove(filepath.Join(st.agent.state, "journal-length")))
	st.agent.start()
	st.exact()
}

// older is a journal without what the first version did not write. A line is the
// CRC-32C of its JSON in hex, a space and the JSON; "end" says how many lines
// are before it.
func older(t *testing.T, text []byte) []byte {
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(text) {
		if len(line) < 10 || line[len(line)-1] != '\n' {
			break // the kill tore it
		}
		var rec map[string]map[string]any
		d := json.NewDecoder(bytes.NewReader(line[9:]))
		d.UseNumber() // hashes do not fit into a float
		must(t, d.Decode(&rec))
		for kind, fields := range rec {
			want, ok := olderRecords[kind]
			if !ok {
				continue
			}
			for name := range fields {
				if want != nil && !slices.Contains(want, name) {
					delete(fields, name)
				}
			}
			if kind == "end" {
				fields["records"] = n
			}
			body, err := json.Marshal(rec)
			must(t, err)
			fmt.Fprintf(&out, "%08x %s\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)), body)
			n++
		}
	}
	return out.Bytes()
}
