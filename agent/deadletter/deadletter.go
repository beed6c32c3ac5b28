// Package deadletter keeps lines that are not shipped whole, in one file of the
// state directory.
package deadletter

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"tailrace/agent/flow"
)

// Letter is a line, or a piece of one that is too long to be kept at once.
// Letters of the same File and Offset are the same: after a crash one may be
// there twice. The pieces of a line follow each other by their Offset.
type Letter struct {
	Time      time.Time   `json:"time"`
	Cause     string      `json:"cause"` // Kafka's name of an error, or TooLong
	Topic     string      `json:"topic"`
	Partition int32       `json:"partition"` // 0 when it was not sent
	Key       string      `json:"key,omitempty"`
	File      flow.FileID `json:"file"` // as the journal numbers files
	Path      string      `json:"path"`
	Offset    int64       `json:"offset"`
	Part      int         `json:"part,omitempty"` // of a line that came in pieces, from 1
	// Value is base64 in the file, since a line may be any bytes.
	Value []byte `json:"value"`
}

// Header is the first header of a letter that was shipped later: its value is
// the letter's Cause. Such a record is not the line at its place in the order.
const Header = "dead-letter"

// TooLong is the cause of a letter whose line is longer than max_line.
const TooLong = "longer than max_line"

// File appends letters to a file, one JSON object per line. It is safe for any
// goroutine, and so are several of one path.
type File struct {
	path string
	mu   sync.Mutex
}

// New returns the file at path, which is made when there is a letter.
func New(path string) *File { return &File{path: path} }

// Path is where it is.
func (f *File) Path() string { return f.path }

// Keep appends letters, and returns when they are on the disk.
func (f *File) Keep(letters ...Letter) error {
	var b []byte
	for _, l := range letters {
		line, err := json.Marshal(l)
		if err != nil {
			return err
		}
		b = append(append(b, line...), '\n')
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.append(b); err != nil {
		return fmt.Errorf("dead-letter file %s: %w", f.path, err)
	}
	return nil
}

func (f *File) append(b []byte) error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if broken(file) {
		b = append([]byte{'\n'}, b...)
	}
	_, err = file.Write(b) // in one: another may append at the same time
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	return err
}

// broken says that the file ends within a line: the disk was full.
func broken(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}
