package tail

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/unpack"
)

// replay is the compressed file that Fetch has read last: the spans of one file
// are asked for in their order, and each would have to be decompressed from the
// beginning again. It is safe for any goroutine.
type replay struct {
	mu  sync.Mutex
	key key
	fd  int
	r   *unpack.Reader // nil: there is none
	at  time.Time      // when it was used last
}

// fetchPacked reads s from f, a compressed file. It does not hold the file's
// lock, since decompression takes time, nor disturb who reads the file.
func (in *Input) fetchPacked(f *file, s flow.Span, c *flow.Chunk) error {
	f.mu.Lock()
	e := entry{path: f.now, key: f.key}
	f.mu.Unlock()
	p := &in.replay
	p.mu.Lock()
	defer func() {
		p.mu.Unlock()
		select {
		case <-in.quit: // Run, when it ended, may not have waited for this
			p.letGo(0)
		default:
		}
	}()
	if p.r == nil || p.key != e.key {
		p.close()
		fd, r, err := in.openPacked(e)
		if isMissing(err) {
			err = errMoved
		}
		if err != nil {
			return gone(err)
		}
		p.key, p.fd, p.r = e.key, fd, r
	}
	p.at = time.Now()
	err := fill(s, c, func(b []byte, off int64) (int, error) {
		n, err := p.r.Pread(b, off)
		if err == nil && n < len(b) {
			var m int
			m, err = f.fetchJoined(b[n:], off+int64(n))
			n += m
		}
		return n, err
	})
	if err != nil {
		p.close()
	}
	return gone(err)
}

// gone gives an error of reading a compressed file again its meaning.
func gone(err error) error {
	if errors.Is(err, errMoved) || errors.Is(err, errGone) || errors.Is(err, unpack.ErrDamaged) || errors.Is(err, unpack.ErrLimit) {
		return flow.ErrGone
	}
	return err
}

// fetchJoined reads what is joined to the end of f.
func (f *file) fetchJoined(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joined == 0 {
		return 0, nil
	}
	return f.fillJoined(p, off)
}

// letGo closes the file if it was not used for a while, and is not used now.
func (p *replay) letGo(after time.Duration) {
	if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	if time.Since(p.at) >= after {
		p.close()
	}
}

// close lets go of the file. The caller holds mu.
func (p *replay) close() {
	if p.r != nil {
		p.r.Close()
		unix.Close(p.fd)
		p.r = nil
	}
}
