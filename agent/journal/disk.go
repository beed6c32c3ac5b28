package journal

import (
	"io"
	"os"
)

// disk is the file system as the journal uses it, so that tests can make each
// of its steps fail, fall short or be the last.
type disk interface {
	List(dir string) ([]string, error) // names of what is in dir
	Open(name string) (io.ReadCloser, error)
	Create(name string) (file, error) // empty, whatever was there
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(dir string) error
	// Is says that f is what is at name, or that it cannot be told.
	Is(name string, f file) bool
}

// file is a journal file that is written.
type file interface {
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) List(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func (osDisk) Open(name string) (io.ReadCloser, error) { return os.Open(name) }

func (osDisk) Create(name string) (file, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
}

func (osDisk) Is(name string, f file) bool {
	o, ok := f.(*os.File)
	return !ok || isAt(name, o)
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) Remove(name string) error     { return os.Remove(name) }

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
