package lane

import (
	"fmt"
	"strings"
	"testing"
)

// rig drives one machine by hand, at a time that the test sets.
type rig struct {
	t   *testing.T
	m   *Machine
	now int64
	got []string // the actions of the last step, without Free
}

func newRig(t *testing.T) *rig {
	return &rig{t: t, m: New(Config{}), now: 1e12}
}

// step gives an event and notes the actions by their short names.
func (r *rig) step(e Event) *rig {
	r.got = nil
	for _, a := range r.m.Step(r.now, e) {
		if s := short(a); s != "" {
			r.got = append(r.got, s)
		}
	}
	return r
}

func (r *rig) want(want string) *rig {
	r.t.Helper()
	if got := strings.Join(r.got, ", "); got != want {
		r.t.Errorf("got  %s\nwant %s", got, want)
	}
	return r
}

// short is an action in a few letters.
func short(a Action) string {
	switch a := a.(type) {
	case GetPID:
		return "pid?"
	case WritePID:
		return fmt.Sprintf("pid %d", a.PID)
	case WriteIntent:
		return fmt.Sprintf("intent %d+%d", a.First, a.Count)
	case WriteAck:
		return fmt.Sprintf("ack %d@%d", a.First, a.Offset)
	case WriteSplit:
		return fmt.Sprintf("split %d%s", a.First, bounds(a.Into))
	case WriteRebind:
		return fmt.Sprintf("rebind %d%s gone %d", a.PID, bounds(a.Into), len(a.Gone))
	case Connect:
		s := fmt.Sprintf("connect %d", a.Gen)
		if a.Refresh {
			s += " refresh"
		}
		if a.Own {
			s += " own"
		}
		return s
	case Send:
		return fmt.Sprintf("send %d on %d", a.First, a.Gen)
	case Look:
		return fmt.Sprintf("look %d", a.From)
	case AskProducer:
		return fmt.Sprintf("ask %d", a.PID)
	case Close:
		return fmt.Sprintf("close %d", a.Gen)
	case Wait:
		return fmt.Sprintf("wait %d", a.Millis)
	case Remake:
		return fmt.Sprintf("%s %d for %d", [...]string{"", "halve", "shorten", "restamp", "recode", "encode again"}[a.How], a.Batch, a.Code)
	case Report:
		return fmt.Sprintf("%s %d %d", [...]string{"", "failing", "parked", "recovered", "repeats", "given up", "recreated", "unverified"}[a.Kind], a.Code, a.Records)
	}
	return ""
}

func bounds(bs []Bound) (s string) {
	for _, b := range bs {
		s += fmt.Sprintf(" %d+%d", b.First, b.Count)
	}
	return s
}

// open is a lane with a producer id, whose batch 1 (number 0, offset 100) was
// acked, on generation 1.
func open(t *testing.T) *rig {
	r := newRig(t)
	r.step(Start{Offset: -1}).want("")
	r.step(Offer{1, 1}).want("pid?")
	r.step(Granted{PID: 7}).want("pid 7, intent 0+1, connect 1")
	r.step(Up{1}).want("send 0 on 1")
	if r.m.Room() {
		t.Error("room behind the first batch of a producer id")
	}
	r.step(Answer{1, 1, 0, 100}).want("ack 0@100")
	return r
}

// TestAnswers shows what each answer does to the head of a warm stream: batch
// 2 of four records (number 1) with batch 3 of two (number 5) behind it.
func TestAnswers(t *testing.T) {
	const retry, own = "close 1, wait 50", "close 1, wait 50 own"
	const parked = "close 1, parked %d 0, wait 30000"
	const rebind = "close 1, wait 90000"
	for code, want := range map[int16]string{
		0:    "ack 1@101",
		46:   "ack 1@101",
		-1:   retry,
		5:    retry,
		6:    retry,
		13:   retry,
		14:   retry,
		15:   retry,
		16:   retry,
		72:   retry,
		74:   retry,
		75:   retry,
		89:   retry,
		3:    retry,
		100:  retry,
		7:    own,
		19:   own,
		20:   own,
		56:   own,
		9999: own, // not in the table
		45:   "close 1, connect 2",
		47:   rebind,
		59:   rebind,
		90:   rebind,
		2:    "close 1, encode again 2 for %d",
		10:   "close 1, halve 2 for %d",
		18:   "close 1, halve 2 for %d",
		32:   "close 1, restamp 2 for %d",
		44:   "close 1, halve 2 for %d",
		87:   "close 1, halve 2 for %d",
		76:   "close 1, recode 2 for %d",
		17:   parked,
		21:   parked,
		29:   parked,
		31:   parked,
		33:   parked,
		34:   parked,
		35:   parked,
		42:   parked,
		43:   parked,
		53:   parked,
		58:   parked,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			r := open(t)
			r.step(Offer{2, 4}).want("intent 1+4, send 1 on 1")
			r.step(Offer{3, 2}).want("intent 5+2, send 5 on 1")
			alone := strings.HasSuffix(want, " own")
			want = strings.TrimSuffix(want, " own")
			if strings.Contains(want, "%d") {
				want = fmt.Sprintf(want, code)
			}
			r.step(Answer{1, 2, code, 101}).want(want)
			if !strings.Contains(want, "wait") || want == rebind {
				return
			}
			// A late answer of the connection that was closed says nothing.
			r.step(Answer{1, 3, 0, 105}).want("")
			again := "connect 2 refresh"
			if alone {
				again += " own"
			}
			r.step(Timer{}).want(again)
			r.step(Up{2}).want("send 1 on 2")
			r.step(Answer{2, 2, 0, 101})
			if got := r.got[len(r.got)-1]; got != "send 5 on 2" {
				t.Errorf("after the head: %v", r.got)
			}
		})
	}
}

// TestSingleRecord shows what is done for one record that is refused for what
// it is.
func TestSingleRecord(t *testing.T) {
	f := func(code int16, want, after string) {
		t.Helper()
		r := open(t)
		r.step(Offer{2, 1})
		r.step(Answer{1, 2, code, -1}).want(fmt.Sprintf("close 1, %s 2 for %d", want, code))
		r.step(Remade{2, []Part{{9, 1}}}).want("split 1 1+1, " + after)
	}
	// The parts are other bytes: sent at once. The rest may be refused again.
	f(10, "shorten", "connect 2")
	f(18, "shorten", "connect 2")
	f(87, "shorten", "connect 2")
	f(44, "shorten", "connect 2")
	f(32, "restamp", "wait 50")
	f(76, "recode", "wait 50")
	f(2, "encode again", "wait 50")
}

// Another form of a batch may not exist, or may be of no use.
func TestNoOtherForm(t *testing.T) {
	r := open(t)
	r.step(Offer{2, 1})
	r.step(Answer{1, 2, 87, -1}).want("close 1, shorten 2 for 87")
	r.step(Remade{Batch: 2}).want("parked 87 0, wait 30000")
	if !r.m.Parked() {
		t.Error("not parked")
	}
	r.step(Timer{}).want("connect 2 refresh")
	r.step(Up{2}).want("send 1 on 2")
	r.step(Answer{2, 2, 0, 101}).want("ack 1@101, recovered 87 0")

	// Encoded again three times, then left to a person.
	r.step(Offer{3, 1}).want("intent 2+1, send 2 on 2")
	for h := Handle(3); h < 6; h++ {
		r.step(Answer{r.m.gen, h, 2, -1})
		r.step(Remade{h, []Part{{h + 1, 1}}})
		r.step(Timer{})
		r.step(Up{r.m.gen}).want(fmt.Sprintf("send 2 on %d", r.m.gen))
	}
	r.step(Answer{5, 6, 2, -1}).want("close 5, parked 2 0, wait 30000")
}
