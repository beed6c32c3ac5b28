package wire

import (
	"encoding/binary"
	"hash/fnv"
	"math"
)

// Murmur2 is the hash that Kafka's Java producer takes of a key.
func Murmur2(key []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := uint32(seed) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		k = (k ^ k>>r) * m
		h = h*m ^ k
	}
	for i := len(key) - 1; i >= 0; i-- {
		h ^= uint32(key[i]) << (8 * i)
		if i == 0 {
			h *= m
		}
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// Partition is where Kafka's Java producer puts a record with this key, in a
// topic of n partitions.
func Partition(key []byte, n int32) int32 {
	return int32(Murmur2(key)&math.MaxInt32) % n
}

// PartitionFNV is where sarama's default partitioner puts a record with this key,
// in a topic of n partitions: by FNV-1a of 32 bits, as a number with a sign.
func PartitionFNV(key []byte, n int32) int32 {
	h := fnv.New32a()
	h.Write(key)
	p := int32(h.Sum32()) % n
	if p < 0 {
		return -p
	}
	return p
}
