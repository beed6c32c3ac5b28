package wire

import (
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The same partition as another client that promises the Java producer's.
func TestPartition(t *testing.T) {
	theirs := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		key := make([]byte, r.IntN(40))
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		n := 1 + r.Int32N(1000)
		if got, want := Partition(key, n), theirs.Partition(&kgo.Record{Key: key}, int(n)); int(got) != want {
			t.Fatalf("Partition(%x, %d) = %d, want %d", key, n, got, want)
		}
	}
}
