package lane

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// explorer visits every world that a history can come to, breadth first.
type explorer struct {
	seed   maphash.Seed
	seen   map[uint64]int32
	nodes  []node
	edges  [][2]int32 // from, to
	ends   []int32    // where all is delivered
	queue  []*world
	buffer []byte
}

// node is how a world was first come to.
type node struct {
	from int32
	name string
	arg  int
}

// explore returns how many worlds there are, and what is wrong in the first
// that is found to be, with the way to it.
func explore(h *history, without rule) (states int, wrong string) {
	x := &explorer{seed: maphash.MakeSeed(), seen: map[uint64]int32{}}
	x.visit(-1, "begin", 0, newWorld(h))
	for at := int32(0); len(x.queue) > 0; at++ {
		w := x.queue[0]
		x.queue[0] = nil
		x.queue = x.queue[1:]
		if w.problems != "" {
			return len(x.nodes), w.problems + x.way(at)
		}
		try := func(name string, arg int, do func(*world)) {
			next := w.clone()
			do(next)
			x.visit(at, name, arg, next)
		}
		w.brokerMoves(try)
		w.agentMoves(without, try)
	}
	if at := x.stuck(); at >= 0 {
		return len(x.nodes), "all is never delivered from here:" + x.way(at)
	}
	return len(x.nodes), ""
}

func (x *explorer) visit(from int32, name string, arg int, w *world) {
	w.normalise()
	x.buffer = w.key(x.buffer[:0])
	key := maphash.Bytes(x.seed, x.buffer)
	at, known := x.seen[key]
	if !known || w.problems != "" {
		at = int32(len(x.nodes))
		x.seen[key] = at
		x.nodes = append(x.nodes, node{from, name, arg})
		x.queue = append(x.queue, w)
		if w.done() {
			x.ends = append(x.ends, at)
		}
	}
	if from >= 0 {
		x.edges = append(x.edges, [2]int32{from, at})
	}
}

// stuck is the first world from which no end can be reached, or -1.
func (x *explorer) stuck() int32 {
	slices.SortFunc(x.edges, func(a, b [2]int32) int { return int(a[1]) - int(b[1]) })
	first := make([]int, len(x.nodes)+1)
	for _, e := range x.edges {
		first[e[1]+1]++
	}
	for i := range x.nodes {
		first[i+1] += first[i]
	}
	reaches := make([]bool, len(x.nodes))
	todo := slices.Clone(x.ends)
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reaches[at] {
			continue
		}
		reaches[at] = true
		for _, e := range x.edges[first[at]:first[at+1]] {
			todo = append(todo, e[0])
		}
	}
	return int32(slices.Index(reaches, false))
}

// way is the moves to a world, one a line.
func (x *explorer) way(at int32) string {
	var moves []string
	for ; at > 0; at = x.nodes[at].from {
		moves = append(moves, fmt.Sprintf("\n\t%s %d", x.nodes[at].name, x.nodes[at].arg))
	}
	slices.Reverse(moves)
	return strings.Join(moves, "")
}
