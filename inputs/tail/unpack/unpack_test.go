package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"tailrace/inputs/tail/unpack/unpacktest"
)

// lines is n bytes of text that does not repeat itself.
func lines(n int) []byte {
	var b bytes.Buffer
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	for b.Len() < n {
		fmt.Fprintf(&b, "%d %x %s end\n", b.Len(), rnd.Uint64(), strings.Repeat("x", rnd.IntN(100)))
	}
	return b.Bytes()[:n]
}

func open(name string, packed []byte) *Reader {
	return NewReader(name, bytes.NewReader(packed), int64(len(packed)), Standard)
}

// all reads everything in steps of that many bytes.
func all(r *Reader, step int) ([]byte, error) {
	var out []byte
	p := make([]byte, step)
	for {
		n, err := r.Pread(p, int64(len(out)))
		out = append(out, p[:n]...)
		if err != nil || n < len(p) {
			return out, err
		}
	}
}

func TestWhole(t *testing.T) {
	for _, name := range unpacktest.Names {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{0, 1, 1000, 1024, 1025, 300_000, 600_000} {
				plain := lines(n)
				packed := unpacktest.Pack(t, name, plain)
				got, err := all(open(name, packed), 10_000)
				if err != nil || !bytes.Equal(got, plain) {
					t.Errorf("%d bytes came back as %d: %v", n, len(got), err)
				}
				// one stream behind the other is one file
				got, err = all(open(name, append(packed, unpacktest.Pack(t, name, plain)...)), 10_000)
				if err != nil || !bytes.Equal(got, append(plain, plain...)) {
					t.Errorf("twice %d bytes came back as %d: %v", n, len(got), err)
				}
			}
		})
	}
}

// Whatever is read, in whatever order: it is what stands there.
func TestAnyOffset(t *testing.T) {
	plain := lines(400_000)
	for _, name := range unpacktest.Names {
		t.Run(name, func(t *testing.T) {
			r := open(name, unpacktest.Pack(t, name, plain))
			rnd := rand.New(rand.NewPCG(3, 4))
			for range 60 {
				off := rnd.IntN(len(plain) + 10)
				p := make([]byte, rnd.IntN(1<<rnd.IntN(18)+1))
				n, err := r.Pread(p, int64(off))
				want := plain[min(off, len(plain)):min(off+len(p), len(plain))]
				if err != nil || !bytes.Equal(p[:n], want) {
					t.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, err)
				}
			}
		})
	}
}

// What a follower reads: a chunk with some bytes before it, the first bytes and
// those before the chunk again, and at times the last chunk once more. None of
// it decompresses anything twice.
func TestForwardOnly(t *testing.T) {
	plain := lines(2 << 20)
	src := &counted{r: bytes.NewReader(unpacktest.Pack(t, "a.gz", plain))}
	r := NewReader("a.gz", src, src.r.Size(), Standard)
	read := func(n, off int) {
		t.Helper()
		p := make([]byte, n)
		if m, err := r.Pread(p, int64(off)); err != nil || !bytes.Equal(p[:m], plain[off:off+m]) {
			t.Fatalf("%d bytes at %d: %d, %v", n, off, m, err)
		}
	}
	for at := 0; at < len(plain); at += 200_000 {
		lead := min(at, leadLen)
		read(256<<10+lead, at-lead)
		read(min(at, headLen), 0)
		read(lead, at-lead)
		if at%400_000 == 0 {
			read(100_000+lead, at+50_000-lead)
		}
	}
	if src.n > src.r.Size() {
		t.Errorf("%d bytes were read of a file of %d", src.n, src.r.Size())
	}
	if cap(r.buf) > 1<<20 {
		t.Errorf("%d bytes are held", cap(r.buf))
	}
}

type counted struct {
	r *bytes.Reader
	n int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// A file that breaks off anywhere, or in which a byte differs, is damaged, or
// its bytes are the right ones.
func TestDamaged(t *testing.T) {
	plain := lines(1500)
	for _, name := range unpacktest.Names {
		t.Run(name, func(t *testing.T) {
			packed := unpacktest.Pack(t, name, plain)
			for n := range packed {
				if got, err := all(open(name, packed[:n]), 700); !errors.Is(err, ErrDamaged) {
					t.Fatalf("the first %d of %d bytes gave %d: %v", n, len(packed), len(got), err)
				}
				wrong := bytes.Clone(packed)
				wrong[n] ^= 0x55
				got, err := all(open(name, wrong), 700)
				if err == nil && !bytes.Equal(got, plain) || err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLimit) {
					t.Fatalf("byte %d wrong gave %d bytes: %v", n, len(got), err)
				}
			}
			if _, err := all(open(name, append(packed, "what is this?"...)), 700); !errors.Is(err, ErrDamaged) {
				t.Errorf("something behind the end: %v", err)
			}
		})
	}
}

func TestNotOfItsFormat(t *testing.T) {
	for _, name := range unpacktest.Names {
		for _, data := range []string{"", "x", "plain text that somebody gave that name\n"} {
			if _, err := all(open(name, []byte(data)), 100); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s with %q: %v", name, data, err)
			}
		}
	}
	if _, err := all(open("a.zst", unpacktest.Pack(t, "a.gz", nil)), 100); !errors.Is(err, ErrDamaged) {
		t.Errorf("gzip by the name of zstd: %v", err)
	}
	if _, err := all(open("a.log", nil), 100); !errors.Is(err, ErrDamaged) {
		t.Errorf("no name of a compressed file: %v", err)
	}
}

// The error of a disk is no damage of the file.
func TestReadError(t *testing.T) {
	bad := errors.New("the disk is broken")
	for _, name := range unpacktest.Names {
		t.Run(name, func(t *testing.T) {
			packed := unpacktest.Pack(t, name, lines(300_000))
			for _, n := range []int{0, 3, 20, len(packed) / 2, len(packed) - 1} {
				r := NewReader(name, failing{packed[:n], bad}, int64(len(packed)), Standard)
				if _, err := all(r, 700); !errors.Is(err, bad) || errors.Is(err, ErrDamaged) {
					t.Errorf("at %d: %v", n, err)
				}
			}
		})
	}
}

type failing struct {
	p   []byte
	err error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(f.p)) {
		return 0, f.err
	}
	n := copy(p, f.p[off:])
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

// A small file that would give very many bytes, or take much memory, is refused.
func TestLimits(t *testing.T) {
	zeros := make([]byte, 3<<20)
	small := Limits{Window: 1 << 20, Plain: 1 << 20, Ratio: 10}
	for _, name := range unpacktest.Names {
		t.Run(name, func(t *testing.T) {
			packed := unpacktest.Pack(t, name, zeros)
			r := NewReader(name, bytes.NewReader(packed), int64(len(packed)), small)
			if n, err := all(r, 100_000); !errors.Is(err, ErrLimit) {
				t.Errorf("%d bytes of %d: %v", len(n), len(packed), err)
			}
			// what does not exceed the ratio may be as large as it likes
			packed = unpacktest.Pack(t, name, lines(1<<20))
			r = NewReader(name, bytes.NewReader(packed), int64(len(packed)), Limits{Window: 16 << 20, Plain: 1 << 10, Ratio: 10})
			if n, err := all(r, 100_000); err != nil {
				t.Errorf("%d bytes of %d: %v", len(n), len(packed), err)
			}
		})
	}
}

// A dictionary is refused before it is allocated.
func TestDictionary(t *testing.T) {
	var b bytes.Buffer
	c := xz.WriterConfig{DictCap: 64 << 20}
	w, err := c.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(lines(1000))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	small := Standard
	small.Window = 32 << 20
	var refused error
	took := testing.Benchmark(func(bench *testing.B) {
		bench.ReportAllocs()
		for bench.Loop() {
			_, refused = all(NewReader("a.xz", bytes.NewReader(b.Bytes()), int64(b.Len()), small), 100)
		}
	}).AllocedBytesPerOp()
	if !errors.Is(refused, ErrLimit) || took > 1<<20 {
		t.Errorf("%v, after %d bytes", refused, took)
	}
	if _, err := all(open("a.xz", b.Bytes()), 100); err != nil {
		t.Errorf("within the limit: %v", err)
	}
}

func TestTells(t *testing.T) {
	f := func(name string, packed []byte, plain int64, wantSame, wantTold bool) {
		t.Helper()
		same, told := open(name, packed).Tells(plain)
		if same != wantSame || told != wantTold {
			t.Errorf("%s with %d: %v %v", name, plain, same, told)
		}
	}
	p := lines(5000)
	for _, name := range []string{"a.gz", "a.xz"} {
		f(name, unpacktest.Pack(t, name, p), 5000, true, true)
		f(name, unpacktest.Pack(t, name, p), 4999, false, true)
	}
	f("a.bz2", unpacktest.Pack(t, "a.bz2", p), 5000, false, false)
	f("a.gz", nil, 5000, false, false)
	f("a.xz", nil, 5000, false, false)
	f("a.zst", nil, 5000, false, false)
	// several streams, of which only the last is at the end
	f("a.xz", append(unpacktest.Pack(t, "a.xz", p), unpacktest.Pack(t, "a.xz", p)...), 5000, false, false)
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	f("a.zst", w.EncodeAll(p, nil), 5000, true, true)
	f("a.zst", w.EncodeAll(p, nil), 10_000, false, true)
}

// What the commands make that hosts compress their logs with, at their highest
// level and on several threads.
func TestCommands(t *testing.T) {
	plain := lines(2 << 20)
	f := func(name, command string, args ...string) {
		t.Run(command+strings.Join(args, ""), func(t *testing.T) {
			if _, err := exec.LookPath(command); err != nil {
				t.Skip("not here")
			}
			path := filepath.Join(t.TempDir(), "a")
			if err := os.WriteFile(path, plain, 0o600); err != nil {
				t.Fatal(err)
			}
			packed, err := exec.Command(command, append(args, "-c", path)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			r := open(name, packed)
			if same, told := r.Tells(int64(len(plain))); told != same {
				t.Error("it tells another size")
			}
			if got, err := all(r, 256<<10); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes came back: %v", len(got), err)
			}
		})
	}
	f("a.gz", "gzip", "-9")
	f("a.zst", "zstd", "-q")
	f("a.zst", "zstd", "-q", "-19", "--long=27")
	f("a.xz", "xz", "-9")
	f("a.xz", "xz", "-T2", "-0")
	f("a.xz", "xz", "-0", "--check=sha256", "--block-size=1MiB")
	f("a.bz2", "bzip2", "-9")
}

// FuzzReader reads any bytes by any name: what is whole stays whole however it
// is read, and memory is bounded.
func FuzzReader(f *testing.F) {
	plain := lines(2000)
	for i, name := range unpacktest.Names {
		if name != "a.log.bz2" {
			f.Add(unpacktest.Pack(f, name, plain), uint8(i), uint16(300))
		}
	}
	f.Add([]byte("BZh9\x17rE8P\x90\x00\x00\x00\x00"), uint8(3), uint16(10))
	limits := Limits{Window: 8 << 20, Plain: 1 << 20, Ratio: 10}
	f.Fuzz(func(t *testing.T, packed []byte, kind uint8, step uint16) {
		name := unpacktest.Names[int(kind)%len(unpacktest.Names)]
		r := NewReader(name, bytes.NewReader(packed), int64(len(packed)), limits)
		got, err := all(r, int(step)+1)
		if int64(len(got)) > limits.plain(int64(len(packed))) {
			t.Errorf("%d bytes of %d", len(got), len(packed))
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLimit) {
			t.Errorf("%v", err)
		}
		r.Tells(int64(len(got)))
		if err != nil {
			return
		}
		again, err := all(NewReader(name, bytes.NewReader(packed), int64(len(packed)), limits), 4096)
		if err != nil || !bytes.Equal(got, again) {
			t.Errorf("%d bytes at first, then %d: %v", len(got), len(again), err)
		}
	})
}
