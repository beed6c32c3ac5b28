package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/test/lines"
)

// A file is deleted and made again at once, many times.
func TestDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	l := st.logs[0]
	st.agent.start()
	for range 50 {
		st.put(50)
		var x unix.Statx_t
		must(t, unix.Statx(unix.AT_FDCWD, l.Path, 0, unix.STATX_BTIME, &x))
		birth := fmt.Sprintf(`"birth":%d`, x.Btime.Sec*1e9+int64(x.Btime.Nsec))
		// Before, the agent opens it for a moment to see whether it is a known one.
		until(t, stalled, "the agent knows the file", func() bool { return st.agent.knows(birth) })
		until(t, stalled, "the agent has the file open", func() bool { return st.agent.holds(l.Path) })
		must(t, l.Delete())
		must(t, l.Reopen())
	}
	st.exact()
}

// 100 MB are read, the file is emptied, and grows again beyond what it was.
func TestLargeFileEmptied(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	l := st.logs[0]
	const size, long = 100 << 20, 100 << 10
	for n := range 2 * size / long {
		l.Chain.Long(n, long)
	}
	st.agent.start()
	for range 2 {
		st.put(size / long)
		st.arrive()
		must(t, l.Truncate())
	}
	st.put(1000)
	st.exact()
}

// A million lines at 20,000 a second, in a file that is renamed every 150 ms,
// much faster than by any program.
func TestFastRotation(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 1, seed(t), config{})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 20_000, Rotate: 150 * time.Millisecond, Keep: 200, Late: 60 * time.Millisecond})
	until(t, 2*time.Minute, "a million lines are written", func() bool { return st.written() > 1_000_000 })
	stop()
	st.exact()
}

// Brokers are away while 100,000 lines are written and the file is deleted:
// the agent keeps it open until the lines are shipped, and no longer.
func TestDeletedWhileBrokersAway(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 2, seed(t), config{})
	st.agent.start()
	st.put(100)
	st.arrive()
	b.Stop()
	for _, l := range st.logs {
		must(t, l.Write(50_000))
		must(t, l.Flush())
		until(t, stalled, "the agent has the file open", func() bool { return st.agent.holds(l.Path) })
		must(t, l.Delete())
	}
	must(t, st.logs[0].Reopen())
	must(t, st.logs[0].Write(100))
	must(t, st.logs[0].Flush())
	if !st.agent.holds("") {
		t.Error("no deleted file is open")
	}
	must(t, b.Restart(t.Context()))
	st.arrive()
	until(t, stalled, "no deleted file is open any more", func() bool { return !st.agent.holds("") })
	st.exact()
}

// Deleted files may keep no more space in use than hold_deleted: the oldest is
// given up, named and counted, and the others are exact.
func TestHoldDeleted(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	st := newStage(t, b, 0, seed(t), config{more: "hold_deleted: 12MiB\n"})
	st.agent.start()
	b.Stop()
	for n := range 4 {
		l := st.addLog(fmt.Sprintf("app-%d", n), uint64(n))
		for i := range 1000 {
			l.Chain.Long(i, 5<<10)
		}
		must(t, l.Write(1000))
		must(t, l.Flush())
		until(t, stalled, "the agent has the file open", func() bool { return st.agent.holds(l.Path) })
		must(t, l.Delete())
	}
	st.agent.waitSaid(stalled, "level=ERROR", st.logs[0].Path)
	st.agent.waitSaid(stalled, "level=ERROR", st.logs[1].Path)
	given := st.logs[:2]
	st.logs = st.logs[2:]
	must(t, b.Restart(t.Context()))
	st.arrive()
	st.agent.stop(stopLimit)
	st.checkWithout(given...)
}

// checkWithout compares the topic with what was written, but for the lines of
// some logs, of which any may be there.
func (st *stage) checkWithout(given ...*lines.Log) {
	st.t.Helper()
	topic, err := lines.OpenTopic(st.broker.Addr, st.topic)
	must(st.t, err)
	defer topic.Close()
	c := lines.NewCheck(host, st.chains()...)
	must(st.t, topic.Read(st.t.Context(), func(r lines.Record) {
		for _, l := range given {
			if strings.HasPrefix(string(r.Value), l.Chain.Name+" ") {
				return
			}
		}
		c.Add(r)
	}))
	must(st.t, c.Result().Err())
}

// Files beyond 2 and 4 GiB: what comes before the agent's first start is not
// to be shipped, what comes then lies on both sides of the limit.
func TestFilesBeyond4GiB(t *testing.T) {
	t.Parallel()
	st := newStage(t, sharedBroker(t), 2, seed(t), config{own: "start: end"})
	for i, l := range st.logs {
		must(t, l.Hole(int64(2<<30)<<i-20_000))
		must(t, l.Write(50))
		must(t, l.Flush())
		l.Chain.Skip(0)
	}
	st.agent.start()
	for _, l := range st.logs {
		until(t, stalled, "the agent knows "+l.Path, func() bool { return st.agent.knows(l.Path) })
	}
	st.put(500)
	st.arrive()
	st.agent.kill()
	st.put(500)
	st.agent.start()
	st.put(10)
	st.exact()
}
