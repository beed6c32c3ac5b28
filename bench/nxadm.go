package main

import (
	"github.com/nxadm/tail"
)

// nxadmRead only reads the lines with nxadm/tail, and ships nothing.
func nxadmRead(j job) error {
	return nxadmLines(j, func(*tail.Line) error { return nil })
}

// nxadmProduce gives the lines of nxadm/tail to sarama's AsyncProducer: what
// many agents are made of.
func nxadmProduce(j job) error {
	p, err := newAsync(j)
	if err != nil {
		return err
	}
	offset := int64(0)
	err = nxadmLines(j, func(l *tail.Line) error {
		err := p.send(j.Files[0], offset, []byte(l.Text))
		offset += int64(len(l.Text)) + 1
		return err
	})
	if err != nil {
		return err
	}
	return p.wait(j.Lines)
}

// nxadmLines follows the job's first file and gives its lines to use.
func nxadmLines(j job, use func(*tail.Line) error) error {
	t, err := tail.TailFile(j.Files[0], tail.Config{Follow: true, ReOpen: true, Logger: tail.DiscardingLogger})
	if err != nil {
		return err
	}
	defer t.Cleanup()
	for range j.Lines {
		l, ok := <-t.Lines
		if !ok {
			return t.Err()
		}
		if l.Err != nil {
			return l.Err
		}
		if err := use(l); err != nil {
			return err
		}
	}
	return nil
}
