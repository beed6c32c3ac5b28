package lane

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWalk plays random histories that are far too large to be explored: five
// batches under way, thirty in all, all that can go wrong several times over.
func TestWalk(t *testing.T) {
	f := func(name string, seeds uint64, h history) {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds {
				if wrong := walk(&h, seed); wrong != "" {
					t.Fatalf("seed %d: %s", seed, wrong)
				}
			}
		})
	}
	lines, cut := [2]int{30, 20}, []int{1, 2, 3}
	passing := []int16{19, 6, 3, 5, 20, 56, -1, 29, 2} // errors that go away by themselves

	// Nothing that a rebind is for: each line once. With a second restart, and
	// an old connection that delivers upward while a scan looks downward, the
	// two may miss each other, and the scan ends in a reported rebind.
	f("exact", 600*walks, history{lines: lines, cut: cut, window: 5, links: 6, codes: passing,
		budget: budget{crash: 6, refuse: 6, fail: 6, drop: 6, failover: 3, restart: 1}})

	// Batches that must be cut, down to single records.
	f("split", 300*walks, history{lines: lines, cut: []int{4, 7}, window: 5, links: 6, limit: 1,
		budget: budget{crash: 6, refuse: 6, fail: 6, drop: 6, failover: 3}})

	// Whatever there is: each line at least once, and again only when it was
	// reported.
	f("doubt", 600*walks, history{lines: lines, cut: cut, window: 5, links: 6, rebinds: true,
		codes: append(passing, 47, 59, 90, 45, 10, 87, 32, 76),
		budget: budget{crash: 4, power: 2, rollback: 2, refuse: 8, fail: 6, drop: 6,
			failover: 3, restart: 3, forget: 2, lower: 2, raise: 2}})
}

// walk plays one history, then lets all go well, and returns what is wrong.
func walk(h *history, seed uint64) string {
	w := newWorld(h)
	w.chance = rand.New(rand.NewPCG(seed, 1))
	var way []string
	for len(way) < 20000 {
		if len(way) > 2000 || w.done() {
			w.budget = budget{}
		}
		move := w.stroll()
		way = append(way, move)
		w.trim()
		switch {
		case w.problems != "":
			return w.problems + strings.Join(way, "")
		case move == "" && w.done():
			return ""
		case move == "":
			return "nothing can happen any more:" + strings.Join(way, "")
		}
	}
	return "all is never delivered:" + strings.Join(way[len(way)-100:], "")
}

// stroll makes one move, any of those that are possible, but few faults. It is
// empty when there are none.
func (w *world) stroll() string {
	type move struct {
		name string
		do   func(*world)
	}
	var moves []move
	try := func(name string, arg int, do func(*world)) {
		moves = append(moves, move{fmt.Sprintf("\n\t%s %d", name, arg), do})
	}
	left := w.budget
	if w.chance.IntN(10) > 0 {
		w.budget = budget{}
	}
	w.brokerMoves(try)
	w.agentMoves(0, try)
	w.budget = left
	if len(moves) == 0 {
		return ""
	}
	w.stop = 0
	if w.crash > 0 && w.chance.IntN(60) == 0 {
		w.stop = 1 + w.chance.IntN(4)
	}
	m := moves[w.chance.IntN(len(moves))]
	m.do(w)
	if w.m == nil {
		return m.name + " (down)"
	}
	return m.name + fmt.Sprintf(" (state %d, %d un-acked)", w.m.state, len(w.m.window))
}
