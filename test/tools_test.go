package test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/lines"
)

// scheme is a way to rotate app.log, by a script that sh runs in its directory. In it,
// K is how often that was done before, J one less, P packs a file.
type scheme struct {
	name   string
	script string
	path   string // that matches; app.log by default
	// copies says that the file stays and is emptied.
	copies bool
	// late says that a program may still write to a file that was rotated.
	late bool
}

var schemes = []scheme{
	{name: "logrotate", script: rotateIt},
	{name: "copytruncate", script: rotateIt, copies: true},
	{name: "counts-up", late: true, script: `mv app.log app.log.$K; [ ! -e app.log.$J ] || P app.log.$J`},
	{name: "shifts", late: true, script: `
		for n in $(seq $K -1 1); do for f in app.log.$n*; do [ ! -e $f ] || mv $f app.log.$((n+1))${f#app.log.$n}; done; done
		mv app.log app.log.1; [ ! -e app.log.2 ] || P app.log.2`},
	{name: "other-directory", script: `mkdir -p old; mv app.log old/app.log.$K; P old/app.log.$K`},
	{name: "dated", late: true, script: `mv app.log app-$(printf 202601%02d $K).log; touch app.log`, path: "app*.log"},
	{name: "copied", copies: true, script: `cp -p app.log app.log.$K && : >app.log; P app.log.$K`},
	{name: "moved-and-made", script: `mv app.log t.tmp && gzip -c t.tmp >app.log.$K.gz && rm t.tmp`},
	{name: "linked", script: `ln app.log kept.$K; mv app.log app.log.$K; touch app.log`},
	{name: "savelog", script: `savelog -q -n -c 100 app.log; sleep 0.01`},
}

const rotateIt = `logrotate -f -s ../$(basename $PWD).state ../$(basename $PWD).conf`

// packers are the programs that compress, with the endings that they give.
var packers = map[string]string{"gzip": ".gz", "xz": ".xz", "zstd": ".zst", "bzip2": ".bz2"}

// Each line of logs that real programs rotate, copy and compress in random order, while
// the agent is killed, stopped and started, is in the topic once, in its place.
// TAILRACE_TOOLS is how many histories there are, of some ten seconds each; the first
// ones are the same in every run, unless TAILRACE_SEED says which.
func TestRealTools(t *testing.T) {
	b := sharedBroker(t)
	first := uint64(1)
	if os.Getenv("TAILRACE_SEED") != "" {
		first = seed(t)
	}
	for s := first; s < first+uint64(number(t, "TAILRACE_TOOLS", 4)); s++ {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			t.Parallel()
			toolHistory(t, b, rand.New(rand.NewPCG(s, 4)))
		})
	}
}

// toolHistory is one of them, of some sites under one agent.
func toolHistory(t *testing.T, b *kafka.Broker, r *rand.Rand) {
	root := tempDir(t)
	var sites []*site
	var inputs []input
	for i := range 4 {
		s := newSite(t, filepath.Join(root, fmt.Sprint("site", i)), fmt.Sprint(topicOf(t), ".", i), rand.New(rand.NewPCG(r.Uint64(), 5)))
		must(t, b.CreateTopic(s.topic, 1, nil))
		sites = append(sites, s)
		inputs = append(inputs, input{paths: []string{filepath.Join(s.dir, s.path)}, topic: s.topic})
	}
	a := newAgent(t, config{broker: b.Bootstrap(), inputs: inputs})
	for _, s := range sites {
		s.write(4 + r.IntN(20)) // 64 bytes: enough to know the file by, wherever it goes
	}
	a.start()
	for _, s := range sites {
		s.arrive()
		s.rotate() // while the agent sees where to
		s.write(4 + r.IntN(20))
		s.arrive()
	}
	for range 12 + r.IntN(20) {
		restartMaybe(t, a, r)
		for _, s := range sites {
			s.step()
		}
		wait(t, []time.Duration{0, 0, 50, 200, 500, 1200}[r.IntN(6)]*time.Millisecond)
	}
	if a.run == nil {
		a.start()
	}
	for _, s := range sites {
		s.close()
		s.arrive()
	}
	wait(t, 3*time.Second) // for what comes twice
	a.stop(stopLimit)
	for _, s := range sites {
		s.check(a.said())
	}
}

// restartMaybe ends the agent now and then, or starts it again.
func restartMaybe(t *testing.T, a *agent, r *rand.Rand) {
	switch n := r.IntN(100); {
	case a.run == nil && n < 40:
		a.start()
	case a.run != nil && n < 6:
		a.kill()
		a.start()
	case a.run != nil && n < 18:
		a.kill()
	case a.run != nil && n < 24:
		a.terminate()
		a.wait(stopLimit) // whatever its status: it may only just have started
	}
}

// site is a directory with a log and the programs that write and rotate it.
type site struct {
	scheme
	t          *testing.T
	r          *rand.Rand
	dir, topic string
	packer     string   // one of packers, or empty
	keeps      string   // the directives of logrotate that stay
	width      int      // of what is in a line
	file       *os.File // that is written to; nil: the next line opens app.log
	want       []string
	count      int // rotations
	done       []string
}

func newSite(t *testing.T, dir, topic string, r *rand.Rand) *site {
	t.Helper()
	s := &site{t: t, r: r, dir: dir, topic: topic, scheme: schemes[r.IntN(len(schemes))]}
	if r.IntN(2) == 0 {
		s.scheme = schemes[r.IntN(2)] // logrotate, most of all
	}
	if s.path == "" {
		s.path = s.pick("app.log", "*.log")
	}
	s.width = []int{1, 20, 200, 800}[r.IntN(4)]
	s.keeps = "rotate 200\nmissingok\n" + s.pick("", "", "dateext\ndateformat -%Y%m%d-%s\n", "dateext\ndateformat .%s\n") +
		s.pick("", "", "olddir old\ncreateolddir\n") + s.pick("", "", "start 0\n") + s.pick("", "", "extension .log\n")
	if s.copies {
		s.keeps += "copytruncate\n"
	} else {
		s.keeps += s.pick("create\n", "nocreate\n")
	}
	must(t, os.MkdirAll(dir, 0o755))
	s.configure()
	return s
}

// configure draws how rotated files are compressed, and configures logrotate so.
func (s *site) configure() {
	s.packer = s.pick("", "gzip", "xz", "zstd", "bzip2")
	c := s.keeps + s.pick("ifempty\n", "notifempty\n")
	if s.packer != "" {
		c += fmt.Sprintf("compress\ncompresscmd /usr/bin/%s\ncompressext %s\n%s", s.packer, packers[s.packer], s.pick("", "delaycompress\n"))
	}
	if s.packer == "zstd" {
		c += "compressoptions -q\n"
	}
	must(s.t, os.WriteFile(s.dir+".conf", fmt.Appendf(nil, "%s/app.log {\n%s}\n", s.dir, c), 0o644))
	s.note("%s of %s, packed by %q; logrotate:\n%s", s.name, s.path, s.packer, c)
}

func (s *site) pick(of ...string) string { return of[s.r.IntN(len(of))] }

func (s *site) note(format string, args ...any) {
	s.done = append(s.done, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// step does something, or nothing.
func (s *site) step() {
	switch n := s.r.IntN(100); {
	case n < 50:
		s.write([]int{1, 1, 3, 20, 200, 1500}[s.r.IntN(6)])
	case n < 72:
		s.rotate()
	}
}

// write writes n lines to the file that is open, or to the log.
func (s *site) write(n int) {
	s.t.Helper()
	if s.file == nil {
		f, err := os.OpenFile(filepath.Join(s.dir, "app.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		must(s.t, err)
		s.file = f
	}
	var text bytes.Buffer
	for range n {
		line := fmt.Sprintf("line %06d %04x %s", len(s.want)+1, s.r.Uint32N(1<<16), strings.Repeat("x", s.r.IntN(s.width)))
		s.want = append(s.want, line)
		fmt.Fprintln(&text, line)
	}
	_, err := s.file.Write(text.Bytes())
	must(s.t, err)
	s.note("%d lines, up to %d", n, len(s.want))
	if !s.copies && (!s.late || s.r.IntN(2) == 0) {
		s.close()
	}
}

func (s *site) close() {
	if s.file != nil {
		must(s.t, s.file.Close())
		s.file = nil
	}
}

// rotate rotates the log once; a program that has it open goes on in the old file for
// one more write, or not.
func (s *site) rotate() {
	s.t.Helper()
	if info, err := os.Stat(filepath.Join(s.dir, "app.log")); err != nil || info.Size() == 0 && s.script != rotateIt {
		return
	}
	if s.count++; s.r.IntN(10) == 0 && s.script == rotateIt {
		s.configure()
	}
	pack := map[string]string{"": ":", "zstd": "zstd -q --rm"}[s.packer]
	if pack == "" {
		pack = s.packer
	}
	cmd := exec.Command("sh", "-c", fmt.Sprintf("K=%d J=%d\nP() { %s \"$1\"; }\n%s", s.count, s.count-1, pack, s.script))
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	s.note("rotated: %s%v", out, err)
	if s.file != nil && !s.copies && s.r.IntN(2) == 0 {
		s.close()
	}
}

// arrive waits until the topic has as many records as lines were written, or gets no more.
func (s *site) arrive() {
	s.t.Helper()
	topic, err := lines.OpenTopic(sharedBroker(s.t).Bootstrap(), s.topic)
	must(s.t, err)
	defer topic.Close()
	for last, moved := -1, time.Now(); time.Since(moved) < time.Minute; wait(s.t, 100*time.Millisecond) {
		n, err := topic.End()
		if err == nil && n >= len(s.want) {
			return
		}
		if err == nil && n != last {
			last, moved = n, time.Now()
		}
	}
}

// check compares what is in the topic with what was written, and shows what the agent
// said of it when that is not the same.
func (s *site) check(log string) {
	s.t.Helper()
	topic, err := lines.OpenTopic(sharedBroker(s.t).Bootstrap(), s.topic)
	must(s.t, err)
	defer topic.Close()
	number := map[string]int{}
	for i, line := range s.want {
		number[line] = i + 1
	}
	seen := map[int]bool{}
	var wrong []string
	last := 0
	must(s.t, topic.Read(s.t.Context(), func(r lines.Record) {
		switch n := number[string(r.Value)]; {
		case n == 0:
			wrong = append(wrong, fmt.Sprintf("never written: %v", r))
		case seen[n]:
			wrong = append(wrong, fmt.Sprintf("line %d is repeated", n))
		default:
			if n < last {
				wrong = append(wrong, fmt.Sprintf("line %d comes after %d", n, last))
			}
			seen[n], last = true, n
		}
	}))
	for n := range len(s.want) {
		if !seen[n+1] {
			wrong = append(wrong, fmt.Sprintf("line %d is missing", n+1))
		}
	}
	if len(wrong) == 0 {
		return
	}
	said := ""
	for line := range strings.Lines(log) {
		if strings.Contains(line, s.dir+"/") {
			said += line
		}
	}
	s.t.Errorf("%d wrong: %s\n%s\nthe agent said of it:\n%s", len(wrong), strings.Join(wrong[:min(len(wrong), 20)], "; "), strings.Join(s.done, "\n"), said)
}
