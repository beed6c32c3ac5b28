package deadletter

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// Each calls f with each letter of a file, once, in their order. damaged is
// how many lines of the file are no letter: a full disk breaks one off.
func Each(path string, f func(Letter) error) (damaged int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	seen := map[id]bool{}
	for in := bufio.NewReaderSize(file, 64<<10); ; {
		line, err := in.ReadBytes('\n')
		whole := err == nil // else it may be under way
		if err != nil && err != io.EOF {
			return damaged, fmt.Errorf("%s: %w", path, err)
		}
		var l Letter
		switch {
		case !whole || len(bytes.TrimSpace(line)) == 0:
		case json.Unmarshal(line, &l) != nil || l.Path == "":
			damaged++
		case !seen[l.id()]:
			seen[l.id()] = true
			if err := f(l); err != nil {
				return damaged, err
			}
		}
		if !whole {
			return damaged, nil
		}
	}
}

// id is what tells letters apart. File numbers begin again when the state
// directory is lost.
type id struct {
	File   flow.FileID `json:"file"`
	Offset int64       `json:"offset"`
	Part   int         `json:"part,omitempty"`
	Sum    uint32      `json:"sum"` // CRC-32 of the value
}

func (l *Letter) id() id {
	return id{l.File, l.Offset, l.Part, crc32.ChecksumIEEE(l.Value)}
}

// Shipped is the letters of a file that were shipped later: a file beside it,
// with one JSON object per line. It is for one goroutine.
type Shipped struct {
	file *os.File
	done map[id]string // the topic that each went to
}

// mark is one line of it.
type mark struct {
	id
	Time      time.Time `json:"time"`
	Path      string    `json:"path"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	At        int64     `json:"at"` // offset in the partition
}

// ErrBusy says that another process ships the letters of the same file.
var ErrBusy = errors.New("its letters are being sent by another process")

// OpenShipped opens what is known of the letters of the file at path. Only one
// process has it open at a time.
func OpenShipped(path string) (*Shipped, error) {
	path += ".sent"
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	s := &Shipped{file: file, done: map[id]string{}}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrBusy
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	in := bufio.NewScanner(file)
	for in.Scan() {
		var m mark
		if json.Unmarshal(in.Bytes(), &m) == nil {
			s.done[m.id] = m.Topic
		}
	}
	if err := in.Err(); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Has says whether a letter was shipped, and to which topic.
func (s *Shipped) Has(l *Letter) (topic string, shipped bool) {
	topic, shipped = s.done[l.id()]
	return topic, shipped
}

// Add notes that a letter was shipped, and where it is; it returns when that is
// on the disk. Between the broker's answer and that, a crash has the letter
// shipped once more.
func (s *Shipped) Add(l *Letter, topic string, partition int32, at int64) error {
	line, err := json.Marshal(mark{id: l.id(), Time: time.Now().UTC(), Path: l.Path, Topic: topic, Partition: partition, At: at})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if broken(s.file) {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := s.file.Write(line); err != nil {
		return err
	}
	s.done[l.id()] = topic
	return s.file.Sync()
}

// Close lets it go.
func (s *Shipped) Close() error { return s.file.Close() }
