// Package unpacktest compresses what tests decompress.
package unpacktest

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// Names is one name of each format.
var Names = []string{"a.log.gz", "a.log.zst", "a.log.xz", "a.log.bz2"}

// Pack compresses plain as the name says. It skips the test where the command
// is missing that bzip2 needs, since nothing in Go writes it.
func Pack(t testing.TB, name string, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".zst":
		return zstdPack(t, plain)
	case ".xz":
		w, err = xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&b) // as xz -0 does
	case ".bz2":
		return bzip2(t, plain)
	}
	must(t, err)
	_, err = w.Write(plain)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// zstdPack writes the plain size into the file, as the command does.
func zstdPack(t testing.TB, plain []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true))
	must(t, err)
	return w.EncodeAll(plain, nil)
}

func bzip2(t testing.TB, plain []byte) []byte {
	if _, err := exec.LookPath("bzip2"); err != nil {
		t.Skip("no bzip2 command")
	}
	cmd := exec.Command("bzip2", "-c")
	cmd.Stdin = bytes.NewReader(plain)
	p, err := cmd.Output()
	must(t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
