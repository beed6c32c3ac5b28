package kafka

import (
	"testing"

	"github.com/IBM/sarama"

	"tailrace/agent/deadletter"
)

// What stands in the topic of a line is known by its headers; a dead letter that
// was sent later, and what was sent by hand, is no line.
func TestOrigin(t *testing.T) {
	f := func(want bool, names ...string) {
		t.Helper()
		var headers []*sarama.RecordHeader
		for _, name := range names {
			headers = append(headers, &sarama.RecordHeader{Key: []byte(name), Value: []byte("1")})
		}
		if _, _, ok := origin(headers); ok != want {
			t.Errorf("%v: a line is %v", names, ok)
		}
	}
	f(true, "path", "offset")
	f(true, "path", "offset", "truncated")
	f(false, deadletter.Header, "path", "offset")
	f(false, "tailrace-check")
	f(false)
}
