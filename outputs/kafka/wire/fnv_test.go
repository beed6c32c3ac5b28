package wire

import (
	"fmt"
	"testing"

	"github.com/IBM/sarama"
)

// PartitionFNV is the choice of sarama's own partitioner.
func TestPartitionAsInSarama(t *testing.T) {
	minus := 0
	for n := range int32(50) {
		p := sarama.NewHashPartitioner("logs")
		for i := range 200 {
			key := fmt.Sprintf("host-%d.example.com", i)
			want, err := p.Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder(key)}, n+1)
			if err != nil {
				t.Fatal(err)
			}
			if got := PartitionFNV([]byte(key), n+1); got != want {
				t.Errorf("%s of %d partitions: %d, want %d", key, n+1, got, want)
			}
			if Partition([]byte(key), n+1) != want {
				minus++
			}
		}
	}
	if minus == 0 {
		t.Error("the two partitioners do the same")
	}
}
