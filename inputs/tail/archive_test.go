package tail

import (
	"archive/tar"
	"bytes"
	"errors"
	"strings"
	"testing"

	"tailrace/inputs/tail/explain"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/unpack/unpacktest"
)

// archive makes an archive of the file from, and removes that.
func (h *host) archive(from, to string) {
	var b bytes.Buffer
	w, p := tar.NewWriter(&b), h.read(from)
	h.must(w.WriteHeader(&tar.Header{Name: from, Mode: 0o644, Size: int64(len(p))}))
	_, err := w.Write([]byte(p))
	h.must(errors.Join(err, w.Close()))
	if strings.HasSuffix(to, ".gz") {
		h.append(to, string(unpacktest.Pack(h.t, to, b.Bytes())))
	} else {
		h.append(to, b.String()) // as good as any other that is not read
	}
	h.remove(from)
}

// A pattern matches the archives that rotated files are put into: they are not shipped,
// and it is said once.
func TestArchivesMatch(t *testing.T) {
	for _, ext := range []string{".tar.gz", ".tar", ".tgz", ".zip", ".lz4", ".Z"} {
		for _, running := range []bool{true, false} {
			t.Run(ext, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log*")
					h.write("a.log", 1, 9)
					h.start()
					h.settle()
					for n := range 2 {
						name := "a.log-2026013" + string('0'+rune(n))
						h.rename("a.log", name)
						h.write("a.log", 10*n+10, 10*n+19)
						h.settle()
						if !running {
							h.stop()
						}
						h.archive(name, name+ext)
						if !running {
							h.start()
						}
						h.settleLong()
					}
					h.want(texts(1, 29)...)
					if n := h.said("matches a file that is not followed"); n != 1 && running || n == 0 {
						t.Errorf("said %d times:\n%s", n, h.log)
					}
					if a := h.explain("a.log-20260130" + ext); a.Verdict != explain.Archive || a.Match.Pattern == "" || len(a.Files) > 0 {
						t.Errorf("%+v", a)
					}
					if e := h.explain("*"); !strings.Contains(e.Inside[1].Path, ext) || e.Inside[1].Verdict != explain.Archive {
						t.Errorf("%+v", e)
					}
					h.stop()
					for _, m := range Matches(h.opts.Inputs) {
						if archive := strings.HasSuffix(m.Path, ext); archive != (m.Err == pattern.ErrArchive) {
							t.Errorf("%+v", m)
						}
					}
				})
			})
		}
	}
}

// A log is put into an archive while no agent runs: what may be lost is said, and
// where it may be.
func TestArchivedWhileDown(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, pattern)
			h.write("a.log", 1, 9)
			h.session()
			h.write("a.log", 10, 19)
			h.rename("a.log", "a.log-20260131")
			h.archive("a.log-20260131", "a.log-20260131.zip")
			h.write("a.log", 20, 29)
			h.start()
			h.settleLong()
			h.want(append(texts(1, 9), texts(20, 29)...)...)
			if !strings.Contains(h.log.String(), "archive="+h.path("a.log-20260131.zip")) {
				t.Errorf("the archive is not named:\n%s", h.log)
			}
			h.stop()
		})
	}
}
