package agent

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/agent/config"
	"tailrace/test/port"
)

// A cluster that is down holds up only what goes to it, also over kills; when it
// is there, all of that arrives, once.
func TestOneOfTwoClustersIsDown(t *testing.T) {
	f := newField(t, "logs")
	away := port.Held(t)
	in := f.config.Inputs[0]
	in.Paths, in.Output = []string{f.dir + "/x/*.log"}, "main"
	other := in
	other.Paths, other.Output = []string{f.dir + "/y/*.log"}, "other"
	main, late := *f.config.Outputs.Kafka, *f.config.Outputs.Kafka
	late.Brokers = []string{away.Addr}
	f.config.Inputs = []config.Input{in, other}
	f.config.Outputs = config.Outputs{Clusters: []config.Cluster{{Name: "main", Kafka: &main}, {Name: "other", Kafka: &late}}}

	all := f.written
	here, there := map[string]int{}, map[string]int{}
	write := func(n int) {
		f.written = here
		f.grow("x/a.log", n)
		f.written = there
		for range 5 {
			f.grow("y/a.log", 1000)
		}
		f.written = here
	}
	for range 3 {
		f.live(true, func() { write(50) })
	}
	l := f.start()
	write(50)
	f.once(f.got("logs"), true) // although nothing of the other moves
	status := f.askUntil(func(s Status) bool {
		return len(s.Topics) == 2 && s.Topics[0].Output == "main" && s.Topics[0].Backlog == 0 && s.Topics[0].Trouble == "" &&
			s.Topics[1].Output == "other" && s.Topics[1].Backlog > 0
	})
	if !strings.Contains(status.Summary, "main: ") || !strings.Contains(status.Summary, "other: ") {
		t.Errorf("summary %q", status.Summary)
	}

	c, err := kfake.NewCluster(kfake.Ports(away.Number), kfake.SeedTopics(partitions, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f.cluster, f.written = c, there
	f.once(f.got("logs"), true)
	l.stop()
	if err := <-l.ended; err != nil {
		t.Fatal(err)
	}
	f.written = all
}

// askUntil asks the agent what it does until that is as wanted.
func (f *field) askUntil(want func(Status) bool) (s Status) {
	f.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if s, err = AskStatus(f.t.Context(), f.config); err == nil && s.Running && want(s) {
			return s
		}
	}
	f.t.Fatalf("never, at last %+v", s)
	return s
}

// Lines under way to an output that the configuration no longer has wait for it.
func TestOutputThatIsGone(t *testing.T) {
	f := newField(t, "logs")
	in := f.config.Inputs[0]
	in.Output = "main"
	kafka := *f.config.Outputs.Kafka
	two := []config.Cluster{{Name: "main", Kafka: &kafka}, {Name: "other", Kafka: &kafka}}
	f.config.Outputs, f.config.Inputs = config.Outputs{Clusters: two}, []config.Input{in}
	f.grow("x/a.log", 100)
	f.refuseAll.Store(true)
	l := f.start()
	for f.refused.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(l.kill)
	l.stop()
	<-l.ended
	f.config.Outputs.Clusters = two[1:]
	in.Output, in.Paths = "other", []string{filepath.Join(f.dir, "nothing", "*.log")}
	f.config.Inputs = []config.Input{in}
	l = f.start()
	f.askUntil(func(s Status) bool { return true })
	l.stop()
	<-l.ended
	f.refuseAll.Store(false)
	in.Output, in.Paths = "main", []string{f.dir + "/*/*.log"}
	f.config.Outputs.Clusters, f.config.Inputs = two, []config.Input{in}
	l = f.start()
	f.once(f.got("logs"), true)
	l.stop()
	<-l.ended
}
