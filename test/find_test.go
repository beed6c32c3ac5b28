package test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailrace/test/lines"
)

// start: end skips what is there at the very first start, and nothing else:
// files that come later, and what is written while the agent is down, are read
// from where nothing was read.
func TestStartAtTheEnd(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 2, s, config{own: "start: end"})
	st.put(100)
	st.logs[1].Chain.Skip(0)
	must(t, st.logs[0].Half()) // its end comes later
	st.logs[0].Chain.Skip(1)
	st.agent.start()
	for _, l := range st.logs {
		until(t, stalled, "the agent knows "+l.Path, func() bool { return st.agent.knows(l.Path) })
	}
	st.put(100)
	st.addLog("later", s)
	st.put(100)
	st.arrive()
	st.agent.stop(stopLimit)
	st.put(100)
	st.addLog("while-down", s)
	st.put(100)
	st.agent.start()
	st.put(100)
	st.exact()
}

// Wildcards in directories, which are made and removed while the agent runs;
// what is excluded stays out.
func TestDirectoriesComeAndGo(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 0, s, config{paths: []string{"srv/*/log/**/app.log"}, own: "exclude: ['/**/skip/**']"})
	st.agent.start()
	st.agent.waitSaid(stopLimit, "tailrace starts")
	for n, sub := range []string{"", "a/", "a/b c/", "ü/\n/"} {
		for _, web := range []string{"web-1", "web-2"} {
			st.addLogAt(filepath.Join("srv", web, "log", sub, "app.log"), fmt.Sprintf("%s-%d", web, n), s)
		}
	}
	for _, path := range []string{"srv/app.log", "srv/web-1/app.log", "srv/web-1/log/app.log.bak", "srv/web-1/log/skip/app.log"} {
		path = filepath.Join(st.dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte("not to be shipped\n"), 0o644))
	}
	for round := range 3 {
		st.put(100)
		st.arrive()
		for _, l := range st.logs {
			must(t, os.RemoveAll(filepath.Dir(l.Path)))
			must(t, os.MkdirAll(filepath.Dir(l.Path), 0o755))
		}
		if round == 1 {
			must(t, os.RemoveAll(filepath.Join(st.dir, "srv")))
		}
		for _, l := range st.logs {
			must(t, os.MkdirAll(filepath.Dir(l.Path), 0o755))
			must(t, l.Reopen())
		}
	}
	st.put(100)
	st.exact()
}

// Neither the path nor its directory is there: that is said once, if at all,
// and no error; the lines come when it is made.
func TestPathComesLater(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 0, s, config{paths: []string{"not/yet/there/app.log"}})
	st.agent.start()
	st.agent.waitSaid(stopLimit, "tailrace starts")
	wait(t, 12*time.Second) // longer than it takes to look at everything again
	said := st.agent.said()
	if n := strings.Count(said, "not/yet"); n > 1 || strings.Contains(said, "level=ERROR") {
		t.Errorf("%d messages about the path:\n%s", n, said)
	}
	st.addLogAt("not/yet/there/app.log", "app", s)
	st.put(100)
	st.exact()
}

// A file that another input matches too goes with the first of the two; check
// says so.
func TestTwoInputsMatch(t *testing.T) {
	t.Parallel()
	s := seed(t)
	b := sharedBroker(t)
	other := topicOf(t) + ".other"
	must(t, b.CreateTopic(other, 1, nil))
	dir := tempDir(t)
	st := newStage(t, b, 0, s, config{inputs: []input{{paths: []string{dir + "/*"}, topic: other}}})
	st.agent = newAgent(t, config{broker: b.Addr, inputs: []input{
		{paths: []string{dir + "/*.log"}, topic: st.topic}, {paths: []string{dir + "/*"}, topic: other}}})
	st.dir = dir
	st.addLog("app", s)
	txt := st.addLogAt("app.txt", "txt", s)
	st.put(100)
	stdout, stderr, _ := command(t, "check", "--config", st.agent.conf)
	if !strings.Contains(stdout+stderr, st.logs[0].Path) {
		t.Errorf("check does not name the file:\n%s%s", stdout, stderr)
	}
	st.agent.start()
	st.logs = st.logs[:1]
	st.arrive()
	st.agent.kill()
	st.put(100)
	st.agent.start()
	st.arrive()
	until(t, stalled, "the other topic has its lines", func() bool {
		topic, err := lines.OpenTopic(b.Addr, other)
		must(t, err)
		defer topic.Close()
		n, err := topic.End()
		return err == nil && n >= txt.Chain.Due()
	})
	st.exact()
	must(t, readBack(t, b, other, txt.Chain).Err())
}

// A file that is older than ignore_older is left alone until it grows: then it
// is read from its beginning.
func TestIgnoreOlder(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 2, s, config{own: "ignore_older: 1h"})
	st.put(100)
	aged := st.logs[1]
	before := time.Now().Add(-2 * time.Hour)
	must(t, os.Chtimes(aged.Path, before, before))
	st.agent.start()
	all := st.logs
	st.logs = all[:1]
	st.put(100)
	st.arrive()
	if st.agent.knows(aged.Path) {
		t.Error("the journal has an entry for a file that is ignored")
	}
	st.check()
	st.logs = all
	st.put(100)
	st.exact()
}

// A link is followed when nobody else can have planted it; each name is said
// once.
func TestLinks(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can make links of other users")
	}
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{})
	secret := filepath.Join(tempDir(t), "shadow")
	must(t, os.WriteFile(secret, []byte("root:secret\n"), 0o600))
	planted := filepath.Join(st.dir, "planted.log")
	must(t, os.Symlink(secret, planted))
	must(t, syscall.Lchown(planted, nobody, nobody))
	l := st.logs[0]
	again, more := filepath.Join(st.dir, "again.log"), filepath.Join(st.dir, "more.log")
	must(t, os.Symlink(l.Path, again))
	must(t, os.Link(l.Path, more))
	l.Also(again)
	l.Also(more)
	st.agent.start()
	st.put(100)
	st.agent.waitSaid(stalled, "level=WARN", planted)
	st.arrive()
	st.agent.kill()
	st.agent.start()
	st.put(100)
	st.exact()
	if n := strings.Count(st.agent.said(), "several names"); n > 4 {
		t.Errorf("%d messages about names", n)
	}
}

// A file system that goes away and comes back, with more lines in its files.
func TestFileSystemGoesAway(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{paths: []string{"**/*.log"}})
	disk := filepath.Join(st.dir, "disk")
	must(t, os.Mkdir(disk, 0o755))
	aside := tempDir(t)
	mount(t, aside, "size=16m")
	must(t, syscall.Mount(aside, disk, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	l := st.addLogAt("disk/app.log", "disk", s)
	st.agent.start()
	st.put(100)
	st.arrive()
	must(t, syscall.Unmount(disk, syscall.MNT_DETACH))
	l.Path = filepath.Join(aside, "app.log")
	st.put(100)
	wait(t, 12*time.Second) // longer than it takes to look at everything again
	st.agent.stop(stopLimit)
	st.put(100)
	must(t, syscall.Mount(aside, disk, "", syscall.MS_BIND, ""))
	st.agent.start()
	st.put(100)
	st.exact()
}

// A compressed file that a pattern matches is shipped once, with its own path;
// one that was plain when it was shipped is not shipped again.
func TestCompressedFilesMatch(t *testing.T) {
	t.Parallel()
	s := seed(t)
	st := newStage(t, sharedBroker(t), 1, s, config{paths: []string{"*.log", "*.log.*"}})
	for ext := range lines.Compressors {
		st.addLog("old"+ext[1:], s)
	}
	st.put(1000)
	for _, l := range st.logs[1:] {
		ext := strings.TrimPrefix(l.Chain.Name, "old")
		must(t, errors.Join(l.Rotate(1), l.Close(), l.Compress(0, "."+ext)))
		l.Also(l.Path + ".1." + ext)
	}
	st.agent.start()
	st.arrive()
	l := st.logs[0]
	must(t, errors.Join(l.Rotate(1), l.Reopen(), l.Write(100), l.Flush()))
	st.arrive()
	must(t, l.Compress(0, ".gz"))
	st.agent.kill()
	st.agent.start()
	must(t, errors.Join(l.Write(100), l.Flush()))
	st.exact()
}

// mount mounts a new file system in memory, until the test ends.
func mount(t *testing.T, dir, options string) {
	t.Helper()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options)
	if err == syscall.EPERM && os.Getenv("CI") != "true" {
		t.Skip("only root can mount")
	}
	must(t, err)
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}
