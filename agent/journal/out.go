package journal

// out is the end of the journal file that is written. It is for one goroutine
// at a time, but for Sync of its file.
type out struct {
	file file
	size int64 // bytes that count: behind them is at most what a failed write left
	torn bool  // something may be behind size
}

// write appends p, or leaves the file as it was, but torn: what a failed write
// left must be cut off before the next one, since a shorter one would not
// cover it and whole lines of it would count.
func (o *out) write(p []byte) error {
	if _, err := o.file.WriteAt(p, o.size); err != nil {
		o.torn = true
		o.mend() // ready tries again before the next write
		return err
	}
	o.size += int64(len(p))
	return nil
}

// undo takes back the last n bytes.
func (o *out) undo(n int) {
	o.size -= int64(n)
	o.torn = true
	o.mend()
}

// mend cuts off what is behind size.
func (o *out) mend() error {
	if !o.torn {
		return nil
	}
	if err := o.file.Truncate(o.size); err != nil {
		return err
	}
	o.torn = false
	return nil
}
