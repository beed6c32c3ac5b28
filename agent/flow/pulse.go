package flow

import (
	"sync/atomic"
	"time"
)

// Pulse says that a loop makes progress: the loop beats it at every turn, and
// turns at least every PulseEvery also when there is nothing to do. It is safe
// for any goroutine.
type Pulse struct{ at atomic.Int64 }

// PulseEvery is the longest that a healthy loop goes without a beat.
const PulseEvery = 10 * time.Second

// Beat is called by the loop.
func (p *Pulse) Beat() { p.at.Store(time.Now().UnixNano()) }

// Age is how long ago the last beat was; 0 before the first.
func (p *Pulse) Age() time.Duration {
	at := p.at.Load()
	if at == 0 {
		return 0
	}
	return time.Since(time.Unix(0, at))
}
