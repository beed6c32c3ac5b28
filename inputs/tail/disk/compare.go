package disk

import "bytes"

// DifferAt is the offset of the first byte, from off on and before end, at which
// two files differ; end when they do not. Where one of them cannot be read, or
// ends, it is up to 16 KiB before that.
func (d *Disk) DifferAt(a, b int, off, end int64) int64 {
	var x, y [16 << 10]byte
	for ; off < end; off += int64(len(x)) {
		k := min(end-off, int64(len(x)))
		if m, err := d.Pread(a, x[:k], off); err != nil || int64(m) < k {
			return off
		}
		if m, err := d.Pread(b, y[:k], off); err != nil || int64(m) < k {
			return off
		}
		if !bytes.Equal(x[:k], y[:k]) {
			n := 0
			for x[n] == y[n] {
				n++
			}
			return off + int64(n)
		}
	}
	return end
}
