package wire

import "testing"

func TestCodec(t *testing.T) {
	f := func(name string, want Codec, ok bool) {
		t.Helper()
		got, err := ParseCodec(name)
		if got != want || (err == nil) != ok {
			t.Errorf("ParseCodec(%q) = %v, %v", name, got, err)
		}
		if ok && got.String() != name {
			t.Errorf("String() = %q, want %q", got, name)
		}
	}
	f("none", 0, true)
	f("gzip", 1, true)
	f("snappy", 2, true)
	f("lz4", 3, true)
	f("zstd", 4, true)
	f("LZ4", None, false)
	f("", None, false)
	for _, c := range []Codec{-1, 5, 127} {
		if c.String() == "" {
			t.Errorf("no name for %d", int8(c))
		}
	}
}
