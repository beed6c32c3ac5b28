package main

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"tailrace/agent/verify"
)

// progress shows a person how far a step is. Any goroutine may call it.
type progress struct {
	out  io.Writer // nil: nobody looks
	mu   sync.Mutex
	name string
	bar  *progressbar.ProgressBar
}

// newProgress shows it on w, if that is a terminal.
func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{out: w}
}

// step shows how far it is now.
func (p *progress) step(s verify.Step) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil || p.name != s.Name {
		p.clear()
		p.name = s.Name
		options := []progressbar.Option{
			progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(harmless(s.Name)),
			progressbar.OptionShowBytes(s.Bytes), progressbar.OptionUseIECUnits(true), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		}
		if !s.Bytes {
			options = append(options, progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"))
		}
		p.bar = progressbar.NewOptions64(max(1, s.Total), options...)
	}
	_ = p.bar.Set64(min(s.Done, max(1, s.Total))) // a bar that cannot be drawn is not worth a word
}

// clear takes the bar away. The caller holds mu.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
