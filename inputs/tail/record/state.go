package record

// A file's position between two records says all in one number, flow.Mark.Part:
// for each of the three streams that may alternate in a file what is under way.
// It is 0 where nothing is. The number of pieces that were given of a line is in
// the lowest bits, as it is without a reading.

const (
	streams = 3 // stdout, stderr, and lines that are not in the container's format
	// strange is the stream of those lines.
	strange = 2
)

// progress is what must be known of a stream to go on.
type progress struct {
	pieces int  // that were given of the record that goes on
	skip   skip // why its rest is not given
	mid    bool // its line goes on
}

type skip uint8

const (
	keep     skip = iota
	filtered      // it was left out
	cutOff        // it is longer than the limit
)

// state is the progress of all streams.
type state [streams]progress

// bits is how many of each stream are for pieces, skip and mid.
var bits = [streams]int{24, 8, 8}

const (
	skipBits = 2
	midBits  = 1
)

func (s state) pack() int {
	n, at := 0, 0
	for i, p := range s {
		n |= min(p.pieces, 1<<bits[i]-1) << at
		n |= int(p.skip) << (at + bits[i])
		if p.mid {
			n |= 1 << (at + bits[i] + skipBits)
		}
		at += bits[i] + skipBits + midBits
	}
	return n
}

func unpack(n int) (s state) {
	for i := range s {
		s[i].pieces = n & (1<<bits[i] - 1)
		n >>= bits[i]
		s[i].skip = skip(n & (1<<skipBits - 1))
		n >>= skipBits
		s[i].mid = n&1 != 0
		n >>= midBits
	}
	return s
}

// Simple says whether flow.Mark.Part is nothing but a number of pieces, so that
// a file whose lines are records as they are can be read on.
func Simple(part int) bool { return part>>bits[0] == 0 }
