package kafka

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-metrics"
)

// usedUp is why the broker makes a client wait.
const usedUp = "as the broker wants, since the quota of this client is used up"

// Uncounted is where sarama's figures go that nobody reads: nowhere. One is for any
// number of clients and goroutines.
type Uncounted struct{ metrics.Registry }

// GetOrRegister implements metrics.Registry, for the kinds that sarama asks for.
func (Uncounted) GetOrRegister(_ string, kind any) any {
	switch kind.(type) {
	case func() metrics.Meter:
		return metrics.NilMeter{}
	case func() metrics.Counter:
		return metrics.NilCounter{}
	case func() metrics.Histogram:
		return metrics.NilHistogram{}
	}
	return nil
}

// Unregister implements metrics.Registry.
func (Uncounted) Unregister(string) {}

// quotas is the same, but for how long each broker has asked sarama to wait: that
// it does so it tells its figures alone. Any goroutine.
type quotas struct {
	Uncounted
	brokers sync.Map // *quota by id, in decimal
}

// quota is up to when a broker wants to be sent nothing, Unix milliseconds.
type quota struct {
	metrics.NilHistogram
	until atomic.Int64
}

// GetOrRegister implements metrics.Registry.
func (q *quotas) GetOrRegister(name string, kind any) any {
	if id, ok := strings.CutPrefix(name, "throttle-time-in-ms-for-broker-"); ok {
		return q.of(id)
	}
	return q.Uncounted.GetOrRegister(name, kind)
}

// of is that of a broker.
func (q *quotas) of(id string) *quota {
	one, _ := q.brokers.LoadOrStore(id, &quota{})
	return one.(*quota)
}

// Update implements metrics.Histogram: the broker wants ms milliseconds without
// another request.
func (q *quota) Update(ms int64) { q.until.Store(time.Now().UnixMilli() + ms) }

// over is when the wait is over; false: there is none.
func (q *quota) over() (time.Time, bool) {
	until := time.UnixMilli(q.until.Load())
	return until, time.Now().Before(until)
}
