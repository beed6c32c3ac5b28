package main

import (
	"fmt"
	"sync"

	"github.com/IBM/sarama"
)

// Arrivals is what a consumer has seen of the topic so far. It is safe for any
// goroutine.
type arrivals struct {
	mu     sync.Mutex
	count  int
	latest *sarama.ConsumerMessage
}

func (a *arrivals) take(m *sarama.ConsumerMessage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.latest = m
}

// state is the number of records, and the last one in words.
func (a *arrivals) state() (count int, latest string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.latest == nil {
		return 0, "nothing yet"
	}
	return a.count, fmt.Sprintf("partition %d, offset %d: %s", a.latest.Partition, a.latest.Offset, a.latest.Value)
}
