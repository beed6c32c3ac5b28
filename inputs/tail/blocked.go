package tail

// A block is why a file is not read though it has something to read, but that it
// is the turn of another. There may be several at once. What is behind the last
// whole line, and space that was taken in advance, is nothing to read yet.
type block uint

const (
	ended      block = 1 << iota // it is done, or no input follows it
	nowhere                      // no name leads to it, and it is not open
	unrecorded                   // the journal does not know it yet
	unreadable                   // it is parked: wrong says why
	doubtful                     // what became of its bytes is being found out
	succeeding                   // the file before it is not done
)

// blocked is all that keeps f from being read. Run calls it. Next knows that what
// is in the queue was not blocked, and asks only what may have changed: inDoubt.
func (in *Input) blocked(f *file) block {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b block
	add := func(why block, yes bool) {
		if yes {
			b |= why
		}
	}
	add(ended, f.state == done || f.state == unfollowed)
	add(nowhere, f.gone && f.fd < 0)
	add(unrecorded, !f.recorded)
	add(unreadable, f.wrong != nil)
	add(doubtful, f.inDoubt() || in.waiting[f])
	add(succeeding, f.prev != nil)
	return b
}

// inDoubt says that it is being found out whether the file has the content that
// was read, or which file has. The caller holds mu.
func (f *file) inDoubt() bool { return f.doubted || f.copyPending || f.sought }
