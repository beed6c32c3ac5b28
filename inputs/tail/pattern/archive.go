package pattern

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// archives is how the names of files end that hold other files, or are compressed in a
// way that is not read: their bytes are no lines.
var archives = []string{
	".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lz4", ".tar.Z",
	".zip", ".7z", ".rar", ".cpio", ".lz4", ".lzma", ".lzo", ".Z",
}

// Plainly is what to do about them.
const Plainly = "unpack it, and have logs compressed with gzip, zstd, xz or bzip2, each by itself"

// ErrArchive is why such a file is not followed.
var ErrArchive = errors.New("it is an archive of files, or compressed in a way that is not read: " + Plainly)

// IsArchive says that the name of path is that of a file that is never followed,
// whatever matches it.
func IsArchive(path string) bool {
	name := filepath.Base(path)
	return slices.ContainsFunc(archives, func(end string) bool { return strings.HasSuffix(name, end) })
}

// Archived says that path would be followed if it were no archive.
func (p *Set) Archived(path string) bool {
	return IsArchive(path) && slices.ContainsFunc(p.inputs, func(in Input) bool { return in.wants(path) })
}

// wants says that the patterns match path, archive or not.
func (in Input) wants(path string) bool {
	return firstMatch(in.Paths, path) != "" && firstMatch(in.Exclude, path) == ""
}
