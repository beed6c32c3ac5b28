package lane

import (
	"math"
	"testing"
)

const minute = 60 * 1000 // ms

// replaying is a start with three batches un-acked, as they were journalled
// age ago, the last ack before them ackAge ago.
func replaying(t *testing.T, age, ackAge int64, doubt string) *rig {
	r := newRig(t)
	s := Start{Newest: r.now - age, Offset: 50, Doubt: doubt}
	if ackAge >= 0 {
		s.AckedAt = r.now - ackAge
	}
	for i := range int32(3) {
		s.Unacked = append(s.Unacked, Intent{Bound{Handle(i + 1), 10 + 2*i, 2}, 7, 0})
	}
	return r.step(s)
}

// A replay goes out with its old numbers, the first alone, and new lines wait
// for it, and for another producer id.
func TestReplay(t *testing.T) {
	r := replaying(t, minute, minute, "").want("connect 1")
	r.step(Up{1}).want("send 10 on 1")
	r.step(Answer{1, 1, 0, 51}).want("ack 10@51, send 12 on 1, send 14 on 1")
	r.step(Answer{1, 2, 0, 53}).want("ack 12@53")
	if r.m.Room() {
		t.Error("room for new lines before the replay is done")
	}
	r.step(Answer{1, 3, 0, 55}).want("ack 14@55")
	if !r.m.Room() || r.m.State() != Cold {
		t.Errorf("after the replay: state %d, room %v", r.m.State(), r.m.Room())
	}
	r.step(Offer{4, 3}).want("pid?")
	// A coordinator that is loading grants -1.
	r.step(Granted{PID: -1}).want("wait 50")
	r.step(Timer{}).want("pid?")
	r.step(Granted{PID: 8}).want("pid 8, intent 0+3, send 0 on 1")
}

// absent is batches of two records that are not in the partition.
func absent(hs ...Handle) (f Found) {
	for _, h := range hs {
		f.Rest = append(f.Rest, Missing{Part: Part{h, 2}})
	}
	return f
}

// What the broker may have forgotten, or the journal may not know, is looked for
// in the partition, once nothing can arrive there any more. What is missing goes
// under another producer id; the rest is acked.
func TestReplayInDoubt(t *testing.T) {
	r := replaying(t, 2*60*minute, 2*60*minute, "").want("ask 7")
	r.step(Remembered{}).want("look 50")
	r.step(absent(3)).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 0+2 gone 0, connect 1")
	r = newRig(t)
	r.step(Start{Sent: r.now - 10_000, Doubt: "boot", From: 20, Unacked: []Intent{{Bound{1, 10, 2}, 7, 0}}}).want("wait 80000")
	r.step(Timer{}).want("look 20")
	r.step(Unread{6}).want("wait 50")
	r.step(Timer{}).want("look 20")
	// One of its records is there.
	r.step(Found{Rest: []Missing{{Part: Part{9, 1}}}}).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 0+1 gone 0, connect 1")
	// All is there.
	r = replaying(t, minute, minute, "boot").want("look 0")
	r.step(Found{}).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 gone 0")
	// Nothing un-acked: what the journal may not know of is looked for.
	r = newRig(t).step(Start{Offset: 50, Doubt: "boot"}).want("look 0")
	if r.m.Room() {
		t.Error("room for new lines before the partition was read")
	}
	r.step(Found{}).want("")
	if !r.m.Room() {
		t.Error("no room when it was")
	}
	// The partition begins behind what was looked for.
	r = replaying(t, minute, minute, "boot")
	r.step(Found{Rest: absent(2, 3).Rest, Partly: true}).want("pid?")
	r.step(Granted{PID: 8}).want("repeats 0 4, rebind 8 0+2 2+2 gone 0, connect 1")
}

// When the partition may not be read, all is sent again, and that is said.
func TestReplayInDoubtUnread(t *testing.T) {
	r := replaying(t, minute, minute, "boot").want("look 0")
	r.step(Unread{29}).want("repeats 0 6, connect 1")
	r.step(Up{1}).want("send 10 on 1")
	r.step(Answer{1, 1, 45, -1}).want("close 1, ask 7")
	// Nothing was left to be answered, so there is nothing more to wait for.
	r.step(Unasked{29}).want("look 0")
	r.step(Unread{29}).want("pid?")
	r.step(Granted{PID: 8}).want("repeats 0 6, rebind 8 0+2 2+2 4+2 gone 0, connect 2")

	// Nothing un-acked: only what the journal may not know of is in doubt.
	newRig(t).step(Start{Offset: 50, Doubt: "boot"}).step(Unread{29}).want("unverified 0 0")
}

// Journal records that were damaged leave a hole: the numbers behind it cannot
// be sent.
func TestReplayOfDamagedJournal(t *testing.T) {
	r := newRig(t)
	r.step(Start{Newest: r.now, Offset: -1, Unacked: []Intent{
		{Bound{1, 10, 2}, 7, 0}, {Bound{2, 13, 2}, 7, 0},
	}}).want("look -1")
	r.step(absent(1, 2)).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 0+2 2+2 gone 0, connect 1")
}

// A gap at the head of a warm stream: the newest first, then down, until one
// is taken; then up again.
func TestScan(t *testing.T) {
	r := replaying(t, minute, minute, "")
	r.step(Up{1})
	r.step(Answer{1, 1, 45, -1}).want("close 1, connect 2")
	r.step(Up{2}).want("send 14 on 2")
	r.step(Answer{2, 3, 45, -1}).want("close 2, connect 3")
	r.step(Up{3}).want("send 12 on 3")
	r.step(Answer{3, 2, 0, 53}).want("ack 12@53, send 14 on 3")
	r.step(Answer{3, 3, 0, 55}).want("ack 14@55")

	// None is taken.
	r = replaying(t, minute, minute, "")
	r.step(Up{1})
	r.step(Answer{1, 1, 45, -1})
	for _, h := range []Handle{3, 2} {
		r.step(Up{r.m.gen})
		r.step(Answer{r.m.gen, h, 45, -1})
	}
	r.step(Up{4}).want("send 10 on 4")
	r.step(Answer{4, 1, 45, -1}).want("close 4, look 50")

	// A cold one is not scanned at once: the last ack is too long ago, and the
	// broker may have forgotten.
	r = replaying(t, minute, 31*minute, "")
	r.step(Up{1})
	r.step(Answer{1, 1, 45, -1}).want("close 1, ask 7")
	r.step(Remembered{Known: true, Last: 15, At: r.now}).want("connect 2")
	r.step(Up{2}).want("send 10 on 2")
	r.step(Answer{2, 1, 45, -1}).want("close 2, connect 3")
	r.step(Up{3}).want("send 14 on 3")
	r.step(Answer{3, 3, 0, 55}).want("ack 14@55")
}

// The leader is asked what it remembers, when the journal is old: it must know
// all that was acked, and no more than was sent.
func TestAsk(t *testing.T) {
	f := func(told Remembered, want string) {
		t.Helper()
		r := replaying(t, 2*60*minute, 2*60*minute, "").want("ask 7")
		if r.m.Room() {
			t.Error("room for new lines before it is known")
		}
		told.At += r.now
		r.step(told).want(want)
	}
	const again, settle = "connect 1", "look 50"
	f(Remembered{Known: true, Last: 9}, again)
	f(Remembered{Known: true, Last: 11}, again)
	f(Remembered{Known: true, Last: 15}, again)
	f(Remembered{Known: true, Last: 8}, settle)
	f(Remembered{Known: true, Last: 16}, settle)
	f(Remembered{Known: true, Last: 9, Epoch: 1}, settle)
	f(Remembered{Known: true, Last: 9, At: -13 * 60 * minute}, settle) // about to be forgotten
	f(Remembered{}, settle)

	// What is told too late, or could not be, and nobody who is to be asked.
	r := replaying(t, 2*60*minute, 2*60*minute, "").want("ask 7")
	r.step(Unasked{Lost}).want("wait 50")
	r.step(Remembered{Known: true, Last: 9, At: r.now}).want("")
	r.step(Timer{}).want("ask 7")
	r.step(Unasked{35}).want("look 50")
	r.step(Remembered{Known: true, Last: 9, At: r.now}).want("")

	// Nothing was acked under the producer id: its absence proves nothing, and
	// neither does what is not committed.
	r = newRig(t)
	r.step(Start{Newest: r.now - 2*60*minute, Offset: 50, Unacked: []Intent{{Bound{1, 0, 2}, 7, 0}}}).want("ask 7")
	r.step(Remembered{Known: true, Last: 1, At: r.now}).want("look 50")
}

// An idle lane gets a fresh producer id: a broker may have forgotten the old.
func TestIdle(t *testing.T) {
	r := open(t)
	r.now += 29 * minute
	r.step(Offer{2, 1}).want("intent 1+1, send 1 on 1")
	r.step(Answer{1, 2, 0, 101})
	r.now += 30 * minute
	// An idle connection may go, without a fuss.
	r.step(Down{1, Lost}).want("")
	r.step(Offer{3, 1}).want("pid?")
	r.step(Granted{PID: 8}).want("pid 8, intent 0+1, connect 2")
}

// A machine that was suspended comes back with batches under way: one that is
// offered then waits for their answers.
func TestSuspended(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 1}).want("intent 1+1, send 1 on 1")
	r.now += 40 * minute
	r.step(Offer{3, 1}).want("intent 2+1")
	r.step(Answer{1, 2, 0, 101}).want("ack 1@101, send 2 on 1")
}

// Brokers that were away for half a day may have forgotten.
func TestLongOutage(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 3}).want("intent 1+3, send 1 on 1")
	r.step(Down{1, Lost}).want("wait 50")
	r.step(Timer{})
	r.now += 11 * 60 * minute
	r.step(Down{2, Lost}).want("wait 100")
	r.step(Timer{})
	r.now += 2 * 60 * minute
	r.step(Up{3}).want("close 3, look 100")
	r.step(absent(2)).want("pid?")
}

// Waiting grows, is told of once, and ends with the first NONE.
func TestBackOff(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 1})
	r.step(Answer{1, 2, 6, -1}).want("close 1, wait 50")
	for gen, want := range []string{"wait 100", "wait 200", "wait 400", "wait 800", "failing -100 0, wait 1600", "wait 3200", "wait 6400", "wait 10000", "wait 10000"} {
		r.step(Timer{})
		r.step(Down{gen + 2, Lost}).want(want)
	}
	r.step(Timer{}).want("connect 11 refresh own")
	r.step(Up{11})
	r.step(Answer{11, 2, 0, 101}).want("ack 1@101, recovered -100 0")
}

// A topic that is missing for long needs a person.
func TestMissingTopic(t *testing.T) {
	r := newRig(t)
	r.step(Start{Offset: -1})
	r.step(Offer{1, 1})
	r.step(Granted{PID: 7}).want("pid 7, intent 0+1, connect 1")
	for i := 1; i < missingAt; i++ {
		r.step(Down{i, 3})
		r.step(Timer{})
	}
	r.step(Down{missingAt, 3}).want("parked 3 0, wait 30000")
	// It is looked for all the same, and told only once.
	r.step(Timer{})
	r.step(Down{missingAt + 1, 3}).want("wait 30000")
	if r.m.Room() || !r.m.Parked() {
		t.Error("room, or not parked")
	}
}

// Somebody may have to give us the right to a producer id.
func TestGrantDenied(t *testing.T) {
	r := newRig(t)
	r.step(Start{Offset: -1})
	r.step(Offer{1, 1}).want("pid?")
	r.step(GrantFailed{31}).want("parked 31 0, wait 30000")
	r.step(Timer{}).want("pid?")
	r.step(Granted{PID: 7}).want("pid 7, intent 0+1, connect 1 refresh")
}

// A log that goes back was truncated or made again, so its answers prove
// nothing.
func TestOffsetGoesBack(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 2})
	r.step(Answer{1, 2, 0, 100}).want("close 1, look -1")
	r.step(absent(2)).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 0+2 gone 0, connect 2")
	r.step(Up{2}).want("send 0 on 2")
	r.step(Answer{2, 2, 0, 3}).want("ack 0@3")
	// An unknown offset says nothing.
	r.step(Offer{3, 2})
	r.step(Answer{2, 3, 0, -1}).want("ack 2@-1")
}

// The first batch of a fresh producer id is in the log that answered for it,
// though that was made again while nobody looked: it is not sent twice.
func TestOffsetGoesBackAtTheStart(t *testing.T) {
	r := newRig(t)
	r.step(Start{Offset: 50})
	r.step(Offer{1, 2}).want("pid?")
	r.step(Granted{PID: 7}).want("pid 7, intent 0+2, connect 1")
	r.step(Up{1}).want("send 0 on 1")
	r.step(Answer{1, 1, 0, 0}).want("recreated 0 0, ack 0@0")
	r.step(Offer{2, 2})
	r.step(Answer{1, 2, 0, 2}).want("ack 2@2")
}

// A topic that was made again is told by its id, when its metadata is asked
// for.
func TestNewTopic(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 2})
	r.step(Answer{1, 2, 100, -1}).want("close 1, wait 50")
	r.step(Timer{}).want("connect 2 refresh")
	r.step(NewTopic{}).want("recreated 0 0, close 2, look -1")
	r.step(Up{2}).want("")
	r.step(absent(2)).want("pid?")
	r.step(Granted{PID: 8}).want("rebind 8 0+2 gone 0, connect 3")
	r.step(Up{3})
	r.step(Answer{3, 2, 0, 0}).want("ack 0@0")

	// One that was sent is not answered, and may still arrive.
	r = open(t)
	r.step(Offer{2, 2})
	r.step(Offer{3, 2})
	r.step(Answer{1, 2, 100, -1}).want("close 1, wait 50")
	r.now += 50
	r.step(Timer{}).want("connect 2 refresh")
	r.step(NewTopic{}).want("recreated 0 0, close 2, wait 89950")
	r.step(Timer{}).want("look -1")
}

// Before anything was sent in this run, there is nothing to look for in a topic
// that was made again: the producer id is a new one.
func TestNewTopicBeforeTheFirstBatch(t *testing.T) {
	r := newRig(t)
	r.step(Start{Offset: 50})
	r.step(Offer{1, 2}).want("pid?")
	r.step(Granted{PID: 7}).want("pid 7, intent 0+2, connect 1")
	r.step(NewTopic{}).want("recreated 0 0")
	r.step(Up{1}).want("send 0 on 1")
	r.step(Answer{1, 1, 0, 0}).want("ack 0@0")
}

// In another cluster nothing is looked for, and the lines may be in the old one.
func TestNewTopicElsewhere(t *testing.T) {
	r := replaying(t, minute, minute, "")
	r.step(NewTopic{Elsewhere: true}).want("recreated 0 0, close 1, pid?")
	r.step(Granted{PID: 8}).want("repeats 0 6, rebind 8 0+2 2+2 4+2 gone 0, connect 2")
	r.step(Up{2}).want("send 0 on 2")
}

// So it is when it is found out by reading back, or by asking the leader, which
// happens before anything is sent.
func TestNewTopicElsewhereInDoubt(t *testing.T) {
	r := replaying(t, minute, minute, "power")
	r.step(NewTopic{Elsewhere: true}).want("recreated 0 0, pid?")
	r.step(Granted{PID: 8}).want("repeats 0 6, rebind 8 0+2 2+2 4+2 gone 0, connect 1")
	r = replaying(t, 2*60*minute, 2*60*minute, "")
	r.step(NewTopic{Elsewhere: true}).want("recreated 0 0, pid?")
	r.step(Granted{PID: 8}).want("repeats 0 6, rebind 8 0+2 2+2 4+2 gone 0, connect 1")
}

// A topic that was made again is read from its beginning.
func TestNewTopicInDoubt(t *testing.T) {
	r := replaying(t, minute, minute, "power")
	r.step(NewTopic{}).want("recreated 0 0, look -1")
	r.step(absent(1, 2, 3)).want("pid?")
	r = replaying(t, 2*60*minute, 2*60*minute, "")
	r.step(NewTopic{}).want("recreated 0 0, look -1")
}

// What an earlier run sent to another topic of the name goes out with other
// numbers, even where the topic cannot be read.
func TestNewTopicAtTheStart(t *testing.T) {
	r := replaying(t, minute, minute, "")
	r.step(NewTopic{}).want("recreated 0 0, close 1, look -1")
	r.step(Unread{29}).want("pid?")
	r.step(Granted{PID: 8})
	if got := r.m.State(); got != First {
		t.Errorf("state %v", got)
	}
}

// Bytes that are gone leave a hole in the numbers. What is before it is sent as
// it is, and what is behind it under another producer id.
func TestGone(t *testing.T) {
	r := replaying(t, minute, minute, "")
	r.step(Up{1}).want("send 10 on 1")
	r.step(Answer{1, 1, 0, 51}).want("ack 10@51, send 12 on 1, send 14 on 1")
	r.step(Gone{2}).want("close 1, wait 90000")
	r.step(Timer{}).want("look 51")
	r.step(absent(2, 3)).want("pid?")
	r.step(Granted{PID: 8}).want("given up 0 2, rebind 8 0+2 gone 1, connect 2")

	// The head can still be taken before the hole is reached.
	r = replaying(t, minute, minute, "")
	r.step(Up{1})
	r.step(Gone{3}).want("")
	r.step(Answer{1, 1, 0, 51}).want("ack 10@51, send 12 on 1")
	r.step(Answer{1, 2, 0, 53}).want("ack 12@53, close 1, look 53")
	r.step(absent(3)).want("pid?")
	r.step(Granted{PID: 8}).want("given up 0 2, rebind 8 gone 1")
	if !r.m.Room() {
		t.Error("no room after a rebind of nothing")
	}

	// A scan goes around it.
	r = replaying(t, minute, minute, "")
	r.step(Up{1})
	r.step(Answer{1, 1, 45, -1})
	r.step(Up{2}).want("send 14 on 2")
	r.step(Gone{3}).want("send 12 on 2")
}

// Numbers wrap from 2^31-1 to 0, also within a batch, and within one that is
// halved.
func TestWrap(t *testing.T) {
	r := open(t)
	r.m.next = math.MaxInt32 - 1
	r.step(Offer{2, 4}).want("intent 2147483646+4, send 2147483646 on 1")
	r.step(Offer{3, 1}).want("intent 2+1, send 2 on 1")
	r.step(Answer{1, 2, 10, -1})
	r.step(Remade{2, []Part{{4, 2}, {5, 2}}}).want("split 2147483646 2147483646+2 0+2, connect 2")
}

// Parts may make the window larger than it may be: no new lines, and no more
// under way, until it is not.
func TestWindow(t *testing.T) {
	r := open(t)
	for h := Handle(2); r.m.Room(); h++ {
		r.step(Offer{h, 2})
	}
	if n := r.m.Unacked(); n != Window {
		t.Errorf("%d un-acked, want %d", n, Window)
	}
	r.step(Answer{1, 2, 10, -1})
	r.step(Remade{2, []Part{{20, 1}, {21, 1}}})
	r.step(Up{2}).want("send 1 on 2")
	r.step(Answer{2, 20, 0, 101}).want("ack 1@101, send 2 on 2, send 3 on 2, send 5 on 2, send 7 on 2, send 9 on 2")
	if r.m.Room() {
		t.Error("room beside a full window")
	}
	r.step(Answer{2, 21, 0, 102}).want("ack 2@102")
	if !r.m.Room() {
		t.Error("no room in an open lane")
	}
}
