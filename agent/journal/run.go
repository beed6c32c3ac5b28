package journal

import "time"

// rouse tells run that there is something to do.
func (j *Journal) rouse() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// homeEvery is how often a journal that is not written sees whether it is still
// where it was.
const homeEvery = 10 * time.Second

// run syncs what was written, an interval after it was, and tries again what
// failed. It ends with quit. A journal that is not written costs two calls of
// stat(2) every homeEvery.
func (j *Journal) run() {
	defer close(j.ended)
	interval := j.o.Sync
	if interval <= 0 {
		interval = time.Second
	}
	timer, home := time.NewTimer(interval), time.NewTicker(homeEvery)
	defer timer.Stop()
	defer home.Stop()
	for {
		select {
		case <-j.wake:
		case <-home.C:
			j.maintain()
			continue
		case <-j.quit:
			return
		}
		timer.Reset(interval)
		select {
		case <-timer.C:
		case <-j.quit:
			return
		}
		j.maintain()
	}
}

// maintain is one turn of run.
func (j *Journal) maintain() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.checkHome()
	var err error
	if j.doubt {
		err = j.renew()
	}
	if err == nil {
		err = j.flush(nil, false)
	}
	if err == nil {
		err = j.syncAside()
	}
	if err != nil {
		j.rouse()
	}
}

// syncAside syncs without keeping anybody from writing meanwhile. mu is held
// before and after, not during the sync.
func (j *Journal) syncAside() error {
	if !j.dirty || j.dirtyDir || j.doubt {
		return j.sync()
	}
	o := j.out
	j.dirty = false
	j.mu.Unlock()
	err := j.timed(o.file)
	j.mu.Lock()
	if j.out != o || j.closed {
		return nil // a new generation, or Close, has synced it all
	}
	if err != nil {
		j.doubt, j.dirty = true, true
	}
	j.syncing.check(err)
	return err
}
