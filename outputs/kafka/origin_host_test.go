package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Two hosts have a file of one path with the same lines, and one key for their
// records. What is looked for after the state of one is gone is its own records:
// the other's are not taken for them.
func TestSamePathOfAnotherHost(t *testing.T) {
	other := newRig(t, "logs")
	other.key, other.host = "fixed", "host-2"
	lines := numbered(0, 500)
	theirs := newSource(1, "/var/log/a.log", lines)
	theirs.host = "host-2"
	other.sources["logs"] = theirs
	u := other.start()
	other.records("logs", 500)
	u.end()

	r := newRig(t)
	r.cluster, r.key, r.host, r.small = other.cluster, "fixed", "host-1", true
	ours := newSource(1, "/var/log/a.log", lines)
	ours.host = "host-1"
	r.sources["logs"] = ours
	u = r.start()
	r.records("logs", 600)
	u.crash()
	wipe(t, r.dir)
	u = r.start()
	time.Sleep(300 * time.Millisecond)
	u.crash()
	u = r.start()
	var own []*kgo.Record
	for _, rec := range r.records("logs", 1000) {
		if string(rec.Headers[2].Value) == "host-1" {
			own = append(own, rec)
		}
	}
	u.end()
	if len(own) != 500 {
		t.Fatalf("%d records of host-1, want 500; log:\n%s", len(own), r.log.String())
	}
	for i, rec := range own {
		if want := numbered(i, 1); string(rec.Value)+"\n" != want {
			t.Fatalf("record %d of host-1 is %q", i, rec.Value)
		}
	}
	r.unrepeated(u)
}
