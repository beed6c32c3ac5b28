package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/IBM/sarama"
)

// lastFew is how many arrivals are remembered.
const lastFew = 4

// Arrivals is what a consumer has seen of the topic so far. It is safe for any
// goroutine.
type arrivals struct {
	mu    sync.Mutex
	count int
	last  []*sarama.ConsumerMessage // oldest first
}

func (a *arrivals) take(m *sarama.ConsumerMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if len(a.last) == lastFew {
		a.last = slices.Delete(a.last, 0, 1)
	}
	a.last = append(a.last, m)
}

// records is the number of records.
func (a *arrivals) records() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// latest is the last few in words, oldest first.
func (a *arrivals) latest() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	words := make([]string, len(a.last))
	for i, m := range a.last {
		words[i] = fmt.Sprintf("%d@%d %s", m.Partition, m.Offset, m.Value)
	}
	return words
}
