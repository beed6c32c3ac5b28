package packed

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// Replay is the compressed file that was read again last: the spans of one file are
// asked for in their order, and each would have to be decompressed from the beginning
// again. It is safe for any goroutine.
type Replay struct {
	mu  sync.Mutex
	key disk.Key
	fd  int
	r   *unpack.Reader // nil: there is none
	at  time.Time      // when it was used last
}

// Read calls do with the file at e.
func (p *Replay) Read(d *disk.Disk, e disk.Entry, limits unpack.Limits, do func(*unpack.Reader) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.r == nil || p.key != e.Key {
		p.close()
		fd, r, err := Open(d, e, limits)
		if err != nil {
			return err
		}
		p.key, p.fd, p.r = e.Key, fd, r
	}
	p.at = time.Now()
	err := do(p.r)
	if err != nil {
		p.close()
	}
	return err
}

// LetGo closes the file if it was not used for a while, and is not used now.
func (p *Replay) LetGo(after time.Duration) {
	if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	if time.Since(p.at) >= after {
		p.close()
	}
}

// close lets go of the file. The caller holds mu.
func (p *Replay) close() {
	if p.r != nil {
		p.r.Close()
		unix.Close(p.fd)
		p.r = nil
	}
}
