package tail

import "tailrace/agent/flow"

// Feed is all files of a topic in one feed.
func (in *Input) Feed(topic string) flow.Feed {
	q := in.queue("", topic)
	q.Share(func(*flow.Form) int32 { return 0 }, func(int32, flow.Feed) {})
	return q.Feed(0)
}
