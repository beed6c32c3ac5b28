package tail

import (
	"fmt"
	"maps"
)

// listed notes that a directory was listed, or why it cannot be, and says so
// when that begins and when it ends. Run calls it.
func (in *Input) listed(path string, err error) {
	if _, was := in.unlisted[path]; was == (err != nil) {
		return
	}
	in.mu.Lock()
	if err != nil {
		in.unlisted[path] = err.Error()
	} else {
		delete(in.unlisted, path)
	}
	in.mu.Unlock()
	if err != nil {
		in.log.Error(fmt.Sprintf("cannot list %q: %v: let the user that tailrace runs as read the directory", path, err))
	} else {
		in.log.Info("directory can be read again", "path", path)
	}
}

// forgetUnlisted drops the directories that are not looked at any more.
func (in *Input) forgetUnlisted(still func(path string) bool) {
	if len(in.unlisted) == 0 {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	maps.DeleteFunc(in.unlisted, func(path, _ string) bool { return !still(path) })
}
