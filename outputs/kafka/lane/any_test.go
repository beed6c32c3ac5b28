package lane

import (
	"math/rand/v2"
	"testing"
)

// Whatever a driver says, in whatever order: the machine does not panic, and
// the un-acked numbers stay contiguous (I3).
func TestAnyEvents(t *testing.T) {
	for seed := range uint64(1000) {
		chance := rand.New(rand.NewPCG(seed, 2))
		old := func(h Handle) int64 { return -int64(h%2) * 2 * believed } // every other one
		m, handle := New(Config{Stamp: old}), Handle(0)
		m.Step(0, anyStart(chance, &handle))
		for range 100 {
			m.Step(chance.Int64N(20*minute), anyEvent(chance, m, &handle))
			for i := 1; i < len(m.window); i++ {
				if a := m.window[i-1]; after(a.First, a.Count) != m.window[i].First {
					t.Fatalf("seed %d: a hole in %v", seed, m.window)
				}
			}
			if n := len(m.window); n > 0 && after(m.window[n-1].First, m.window[n-1].Count) != m.next {
				t.Fatalf("seed %d: next is %d behind %v", seed, m.next, m.window)
			}
		}
	}
}

func anyStart(chance *rand.Rand, handle *Handle) Start {
	s := Start{Offset: -1}
	first := chance.Int32()
	for range chance.IntN(4) {
		*handle++
		s.Unacked = append(s.Unacked, Intent{Bound{*handle, first, 2}, 5, 0})
		first = after(first, 2)
	}
	return s
}

// anyEvent is any event but Start, with arguments that are mostly of use.
func anyEvent(chance *rand.Rand, m *Machine, handle *Handle) Event {
	gen := m.gen - chance.IntN(8)/7
	h := *handle - Handle(chance.IntN(7))
	if len(m.window) > 0 && chance.IntN(4) > 0 {
		h = m.window[chance.IntN(len(m.window))].Batch
	}
	codes := []int16{0, 0, 0, 0, 46, 45, 10, 87, 32, 76, 2, 19, 6, 3, 29, 47, 59, Lost, 1234}
	code := codes[chance.IntN(len(codes))]
	switch chance.IntN(14) {
	case 0:
		return Granted{PID: chance.Int64N(10) - 1}
	case 1:
		return GrantFailed{code}
	case 2, 3:
		return Up{gen}
	case 4:
		return Down{gen, code}
	case 5:
		return Timer{}
	case 6:
		return Remade{m.making, parts(chance, handle)}
	case 7:
		told := Remembered{chance.IntN(4) > 0, 0, m.next - chance.Int32N(8), chance.Int64N(20 * minute)}
		return [...]Event{Gone{h}, NewTopic{Elsewhere: chance.IntN(2) == 0}, Timer{}, Timer{}, told, told, Unasked{code}}[chance.IntN(7)]
	case 13:
		var f Found
		for _, b := range m.window {
			if chance.IntN(2) == 0 {
				f.Rest = append(f.Rest, Missing{Part{b.Batch, b.Count}, chance.IntN(4) == 0})
			}
		}
		return f
	case 8, 9:
		*handle++
		return Offer{*handle, chance.Int32N(3)}
	}
	if chance.IntN(8) == 0 {
		return Unread{code}
	}
	return Answer{gen, h, code, chance.Int64N(1 << 40)}
}

func parts(chance *rand.Rand, handle *Handle) (ps []Part) {
	for range chance.IntN(3) {
		*handle++
		ps = append(ps, Part{*handle, 1})
	}
	return ps
}
