package kafka

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

const (
	// secondAfter is how long one broker is waited for before the next is asked
	// too: a broker that was stopped, or that is cut off, takes connections and
	// answers nothing, which only requestTimeout tells for sure.
	secondAfter = time.Second
	// muteFor is how long one that did not answer is asked after all others.
	muteFor = 30 * time.Second
)

// brokers asks a cluster what any of its brokers knows. It is safe for any
// goroutine.
type brokers struct {
	seeds  []string // host:port
	config *sarama.Config

	mu     sync.Mutex
	known  []string                  // host:port, of the last metadata
	open   map[string]*sarama.Broker // by address
	mute   map[string]time.Time      // when one did not answer, by address
	closed bool
}

var errEnded = errors.New("ended")

func newBrokers(seeds []string, config *sarama.Config) *brokers {
	return &brokers{seeds: seeds, config: config, open: map[string]*sarama.Broker{}, mute: map[string]time.Time{}}
}

// outcome is what came of asking one broker.
type outcome[T any] struct {
	answer T
	err    error
}

// askAny gives the first answer that any broker has to a question. They are asked
// one after the other: the next when the one before failed, and after secondAfter
// too when it did not answer. The error is ErrOutOfBrokers with those of each.
func askAny[T any](b *brokers, question func(*sarama.Broker) (T, error)) (answer T, err error) {
	order := b.order()
	outcomes := make(chan outcome[T], len(order))
	next := time.NewTimer(0)
	defer next.Stop()
	var failures []error
	asked := 0
	for len(failures) < len(order) {
		select {
		case <-next.C:
			if asked > 0 {
				b.note(order[asked-1], false)
			}
			if asked < len(order) {
				addr := order[asked]
				go func() { outcomes <- askOne(b, addr, question) }()
				asked++
				next.Reset(secondAfter)
			}
		case o := <-outcomes:
			if o.err == nil {
				return o.answer, nil
			}
			failures = append(failures, o.err)
			next.Reset(0)
		}
	}
	return answer, sarama.Wrap(sarama.ErrOutOfBrokers, failures...)
}

// askOne asks the broker at addr. After a failure its connection is of no more use.
// One that is not new may have been closed by the broker since it was last used,
// which only the next question finds out.
func askOne[T any](b *brokers, addr string, question func(*sarama.Broker) (T, error)) (o outcome[T]) {
	begun := time.Now()
	for {
		broker, fresh, err := b.at(addr)
		if err != nil {
			return outcome[T]{err: err}
		}
		o.answer, o.err = question(broker)
		b.note(addr, o.err == nil)
		if o.err == nil {
			return o
		}
		b.drop(addr, broker)
		if fresh || time.Since(begun) > secondAfter {
			return o
		}
	}
}

// order is all addresses, in the order in which they are asked: any that the
// cluster told of, since one alone may be behind the others, then those of the
// configuration; at the end those that did not answer.
func (b *brokers) order() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := shuffled(b.known)
	for _, addr := range shuffled(b.seeds) {
		if !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	slices.SortStableFunc(all, func(x, y string) int {
		switch a, c := b.isMute(x), b.isMute(y); {
		case a == c:
			return 0
		case a:
			return 1
		}
		return -1
	})
	return all
}

func shuffled(addrs []string) []string {
	all := slices.Clone(addrs)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// isMute reports whether the broker at addr did not answer of late. The caller
// holds mu.
func (b *brokers) isMute(addr string) bool {
	since, mute := b.mute[addr]
	return mute && time.Since(since) < muteFor
}

// note notes whether the broker at addr answers.
func (b *brokers) note(addr string, answers bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answers {
		delete(b.mute, addr)
	} else {
		b.mute[addr] = time.Now()
	}
}

// at is the broker at addr; fresh says that its connection is new. Questions to it
// wait until it is connected.
func (b *brokers) at(addr string) (broker *sarama.Broker, fresh bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, false, errEnded
	}
	if broker = b.open[addr]; broker != nil {
		return broker, false, nil
	}
	broker = sarama.NewBroker(addr)
	if err := broker.Open(b.config); err != nil {
		return nil, false, err
	}
	b.open[addr] = broker
	return broker, true, nil
}

// share is the connected broker that others use too, where there is one, instead
// of member. One whose connection was closed is connected again.
func (b *brokers) share(member *sarama.Broker) (*sarama.Broker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errEnded
	}
	if broker := b.open[member.Addr()]; broker != nil && broker.ID() == member.ID() {
		member = broker
	}
	b.open[member.Addr()] = member
	if err := member.Open(b.config); err != nil && !errors.Is(err, sarama.ErrAlreadyConnected) {
		return nil, err
	}
	return member, nil
}

// drop closes a broker's connection: the next question opens another. One that
// could not be opened tells all who wait for it why, which a close would undo.
func (b *brokers) drop(addr string, broker *sarama.Broker) {
	b.mu.Lock()
	if b.open[addr] == broker {
		delete(b.open, addr)
	}
	b.mu.Unlock()
	if connected, _ := broker.Connected(); connected {
		_ = broker.Close()
	}
}

// learn takes over which brokers there are.
func (b *brokers) learn(members []*sarama.Broker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = b.known[:0]
	for _, m := range members {
		b.known = append(b.known, m.Addr())
	}
	gone := func(addr string) bool { return !slices.Contains(b.known, addr) && !slices.Contains(b.seeds, addr) }
	for addr, broker := range b.open {
		if gone(addr) {
			delete(b.open, addr)
			go broker.Close() // waits for who is asking
		}
	}
	for addr := range b.mute {
		if gone(addr) {
			delete(b.mute, addr)
		}
	}
}

// close closes all connections, for good. It does not wait for that: sarama's Close
// waits for who is asking, also when the quota is used up for a minute.
func (b *brokers) close() {
	b.mu.Lock()
	open := b.open
	b.open, b.closed = nil, true
	b.mu.Unlock()
	for _, broker := range open {
		go broker.Close()
	}
}
