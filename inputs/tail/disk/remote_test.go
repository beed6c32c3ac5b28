package disk

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The type of a file system is found.
func TestIsRemote(t *testing.T) {
	if IsRemote("/proc") || IsRemote("/nowhere") {
		t.Error("a local file system is taken for a remote one")
	}
	defer func(types []int64) { remoteTypes = types }(remoteTypes)
	remoteTypes = []int64{unix.PROC_SUPER_MAGIC}
	if !IsRemote("/proc") {
		t.Error("the type is not found")
	}
}
