package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// rotation is one configuration of logrotate. Its scripts ask the program that
// writes the logs for what a daemon does when it gets a signal, and wait until
// that is done: what is written to a file while it is compressed is lost by
// logrotate, not by the agent.
type rotation struct {
	name  string
	conf  string // directives beside those that all have
	files int    // how many, 1 by default
	// gentle waits before each rotation until the agent has shipped what the
	// rotation may delete.
	gentle bool
	// unforced rotates by the directives of conf only.
	unforced bool
	// torn is copytruncate without a pause: what is written between the copy
	// and the truncation is lost.
	torn bool
}

const (
	reopens = "postrotate\nask reopen\nendscript\n"
	pauses  = "prerotate\nask pause\nendscript\npostrotate\nask truncated\nendscript\n"
	seconds = "dateext\ndateformat -%Y%m%d-%s\n" // one a day is too few for a test
)

// Files are renamed and made anew, and keep their plain names.
func TestLogrotateCreate(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "create", conf: "create\n" + reopens},
		{name: "nocreate", conf: "nocreate\n" + reopens},
		{name: "sharedscripts", conf: "create\nsharedscripts\n" + reopens, files: 3},
		{name: "dateext-seconds-hourly", conf: "hourly\ncreate\ndateext\ndateformat -%s\n" + reopens},
		{name: "extension-dateext", conf: "create\nextension .log\n" + seconds + reopens},
		{name: "size", conf: "size 100k\ncreate\n" + reopens, unforced: true},
		{name: "rotate-2", conf: "create\nrotate 2\n" + reopens, gentle: true},
	})
}

// Files are copied and truncated.
func TestLogrotateCopyTruncate(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "plain", conf: "copytruncate\n" + pauses},
		{name: "torn", conf: "copytruncate\n", torn: true},
	})
}

// Old files go to another folder.
func TestLogrotateOlddir(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "create", conf: "create\nolddir old\ncreateolddir\n" + reopens},
		{name: "copytruncate", conf: "copytruncate\nolddir old\ncreateolddir\n" + pauses},
	})
}

// underLogrotate writes logs at 10,000 lines a second for each configuration,
// rotated every 1 to 3 s by the real logrotate, while the agent is killed, and
// stopped through some of the rotations. TAILRACE_LOGROTATE is for how long.
func underLogrotate(t *testing.T, rotations []rotation) {
	t.Helper()
	needKafka(t)
	if _, err := exec.LookPath("logrotate"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("logrotate is not installed")
	}
	r := random(t)
	b := sharedBroker(t)
	var yards []*yard
	var inputs []input
	for _, c := range rotations {
		y := newYard(t, b, c, r.Uint64())
		yards = append(yards, y)
		inputs = append(inputs, input{paths: []string{filepath.Join(y.dir, "*.log")}, topic: y.topic})
	}
	a := newAgent(t, config{broker: b.Addr, inputs: inputs})
	a.start()
	a.begun()
	stop := workAll(t, yards)
	for end := time.Now().Add(duration(t, "TAILRACE_LOGROTATE", 8*time.Second)); time.Now().Before(end); {
		restart(t, a, r)
	}
	stop()
	for _, y := range yards {
		if y.arrived(); t.Failed() {
			break // what is missing is said below
		}
	}
	a.stop(stopLimit)
	for _, y := range yards {
		t.Run(y.name, func(t *testing.T) {
			y.t = t
			y.verify()
		})
	}
	proven(t, a)
}

// restart lets the agent live for a while and ends it, by SIGKILL or SIGTERM;
// now and then it stays away for longer than it takes to rotate twice.
func restart(t *testing.T, a *agent, r *rand.Rand) {
	t.Helper()
	wait(t, lifetime(r))
	if r.IntN(2) == 0 {
		a.kill()
	} else {
		a.terminate()
		a.wait(stopLimit) // whatever its status: it may only just have started
	}
	if r.IntN(3) == 0 {
		wait(t, time.Duration(2+r.IntN(4))*time.Second)
	}
	a.start()
}

// workAll lets the programs write and logrotate rotate in all yards, until the
// returned function is called: then all is written.
func workAll(t *testing.T, yards []*yard) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, y := range yards {
		wg.Go(func() { y.work(ctx) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// yard is where one configuration of logrotate is at work: a folder of logs,
// the program that writes them, and their topic.
type yard struct {
	*stage
	rotation
	r     *rand.Rand
	count int // rotations
}

func newYard(t *testing.T, b *kafka.Broker, c rotation, s uint64) *yard {
	t.Helper()
	y := &yard{rotation: c, r: rand.New(rand.NewPCG(s, 3)),
		stage: &stage{t: t, broker: b, dir: tempDir(t), topic: topicOf(t) + "." + c.name}}
	must(t, b.CreateTopic(y.topic, 1, nil))
	for i := range max(1, c.files) {
		y.addLog("app-"+string(rune('a'+i)), s+uint64(i))
	}
	ask := fmt.Sprintf("echo \\1 >%[1]s/ask; while [ -e %[1]s/ask ]; do sleep 0.01; done", y.dir)
	directives := strings.NewReplacer(
		"ask reopen", strings.ReplaceAll(ask, `\1`, "reopen"),
		"ask pause", strings.ReplaceAll(ask, `\1`, "pause"),
		"ask truncated", strings.ReplaceAll(ask, `\1`, "truncated"),
	).Replace(c.conf)
	text := fmt.Sprintf("%s/app-?.log {\nrotate 1000\nmissingok\nnotifempty\n%s}\n", y.dir, directives)
	must(t, os.WriteFile(y.conf(), []byte(text), 0o644))
	return y
}

func (y *yard) conf() string { return filepath.Join(y.dir, "logrotate.conf") }

// work writes and rotates until ctx ends; then everything is written, and no
// rotation is half done.
func (y *yard) work(ctx context.Context) {
	writing, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := y.program(writing); err != nil {
			y.t.Error(err)
		}
	}()
	for y.pause(ctx) {
		if err := y.rotate(); err != nil {
			y.t.Error(err)
			break
		}
		y.count++
	}
	end()
	<-done
}

// pause waits for the next rotation; false: there is none.
func (y *yard) pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Second + time.Duration(y.r.Int64N(int64(2*time.Second)))):
	}
	return !y.gentle || y.shipped(ctx)
}

// shipped waits until the agent has shipped what is written by now.
func (y *yard) shipped(ctx context.Context) bool {
	topic, err := lines.OpenTopic(y.broker.Addr, y.topic)
	if err != nil {
		y.t.Error(err)
		return false
	}
	defer topic.Close()
	for n := y.written(); ; {
		if end, err := topic.End(); err == nil && end >= n {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (y *yard) rotate() error {
	args := []string{"-s", filepath.Join(y.dir, "logrotate.state"), y.conf()}
	if !y.unforced {
		args = append([]string{"-f"}, args...)
	}
	out, err := exec.Command("logrotate", args...).CombinedOutput()
	if err != nil || len(out) > 0 {
		return fmt.Errorf("%s: logrotate: %v\n%s", y.name, err, out)
	}
	return nil
}

// program writes 10,000 lines a second, and what it is asked for.
func (y *yard) program(ctx context.Context) error {
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	begin, written, paused := time.Now(), 0, false
	for {
		select {
		case <-ctx.Done():
			return y.flush()
		case <-t.C:
		}
		if err := y.obey(&paused); err != nil {
			return err
		}
		if paused {
			continue
		}
		due := int(time.Since(begin).Seconds()*10_000) / len(y.logs)
		for _, l := range y.logs {
			if err := l.Write(due - written); err != nil {
				return err
			}
			if y.torn {
				if err := l.Flush(); err != nil {
					return err
				}
			}
		}
		written = due
	}
}

func (y *yard) flush() error {
	for _, l := range y.logs {
		if err := l.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// obey does what a script of logrotate asks for in a file, and removes that.
func (y *yard) obey(paused *bool) error {
	path := filepath.Join(y.dir, "ask")
	text, err := os.ReadFile(path)
	word := strings.TrimSpace(string(text))
	if err != nil || word == "" {
		return nil
	}
	for _, l := range y.logs {
		switch word {
		case "reopen":
			if err := l.Reopen(); err != nil {
				return err
			}
		case "pause":
			if err := l.Flush(); err != nil {
				return err
			}
			*paused = true
		case "truncated":
			l.Truncated()
			*paused = false
		}
	}
	return os.Remove(path)
}
