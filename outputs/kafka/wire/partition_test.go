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
	for range 20_000 {
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

// Hashes that Apache Kafka's own Utils.murmur2 (4.2) gives.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]uint32{
		"":                         275646681,
		"a":                        2731586172,
		"ab":                       316155434,
		"abc":                      479470107,
		"abcd":                     2971317748,
		"21":                       3321034988,
		"foobar":                   3504634814,
		"host-1":                   761340765,
		"web-17.example.com":       1140324741,
		"ü-umlaut":                 732187802,
		"a-little-bit-long-string": 3308985760,
	} {
		if got := Murmur2([]byte(key)); got != want {
			t.Errorf("Murmur2(%q) = %d, want %d", key, got, want)
		}
	}
}
