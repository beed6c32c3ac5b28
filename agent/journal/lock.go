package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockDir makes dir this process' own until the file is closed, or the process
// ends in whatever way. The file stays: a lock on a file that somebody may
// remove holds nobody off.
func lockDir(dir string, now time.Time) (*os.File, error) {
	name := lockName(dir)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("state directory %s cannot be locked: %w: let the user that tailrace runs as write there, or set another state_dir", dir, err)
	}
	if err := flock(f); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("state directory %s is in use by %s: stop it, or give this one another state_dir", dir, holder(f))
		}
		return nil, fmt.Errorf("state directory %s cannot be locked: %w: set state_dir to a directory on a file system with locks", dir, err)
	}
	// Who holds it is only for people: a full disk must not keep us from starting.
	text := fmt.Sprintf("%d\n%s\n", os.Getpid(), now.UTC().Format(time.RFC3339))
	if f.Truncate(0) == nil {
		f.WriteAt([]byte(text), 0)
	}
	return f, nil
}

func lockName(dir string) string { return filepath.Join(dir, "lock") }

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}

// InUse says who has the journal in dir open, like "process 123 (since …)", or
// "" when nobody has, or that cannot be seen. An agent that starts in the very
// same moment may find the directory in use.
func InUse(dir string) string {
	f, err := os.Open(lockName(dir))
	if err != nil {
		return ""
	}
	defer f.Close()
	if !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return ""
	}
	return holder(f)
}

// holder says who wrote the lock file.
func holder(f *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(f, 1024))
	pid, since, ok := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if !ok {
		return "another process"
	}
	return fmt.Sprintf("process %s (since %s)", pid, since)
}
