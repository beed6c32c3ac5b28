package wire

import "fmt"

// Codec is a compression, with the number that Kafka gives it.
type Codec int8

// The codecs of Kafka.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var codecNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// ParseCodec is the codec of a name as Kafka's compression.type has it.
func ParseCodec(name string) (Codec, error) {
	for i, s := range codecNames {
		if s == name {
			return Codec(i), nil
		}
	}
	return None, fmt.Errorf("compression %q is unknown: use none, gzip, snappy, lz4 or zstd", name)
}

// String is the name that ParseCodec takes.
func (c Codec) String() string {
	if c < 0 || int(c) >= len(codecNames) {
		return fmt.Sprintf("codec %d", int8(c))
	}
	return codecNames[c]
}
