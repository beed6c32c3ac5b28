package record

import "bytes"

var (
	stdout = []byte("stdout")
	stderr = []byte("stderr")
)

// contained adds a line that a container runtime wrote, or what is taken for it
// because of its place.
func (k *Cutter) contained(p []byte, f fragment) {
	line := entry{}
	ok := false
	if f.last && !k.open[strange].mid {
		line, ok = k.entry(p)
	}
	if !ok {
		f.stream, f.strange, f.text = strange, true, p
		f.first = !k.open[strange].mid
		k.pieces(f)
		return
	}
	f.stream, f.text, f.length, f.last = line.stream, line.text, len(line.text), line.last
	f.first = !k.open[f.stream].mid
	f.time, f.name = line.time, stdout
	if f.stream == 1 {
		f.name = stderr
	}
	k.pieces(f)
}

// entry reads a line; its texts are good until the next.
func (k *Cutter) entry(p []byte) (e entry, ok bool) {
	if k.r.o.Container == CRI {
		return parseCRI(p)
	}
	e, k.escaped, ok = parseDocker(p, k.escaped)
	return e, ok
}

// pieces adds f in fragments of the length that a record has at most. They have
// the bytes of the line in common.
func (k *Cutter) pieces(f fragment) {
	text, last := f.text, f.last
	for len(text) > k.r.maxLine {
		n := k.r.whole(text[:k.r.maxLine])
		f.text, f.length, f.last = text[:n], n, false
		k.add(f)
		text, f.first = text[n:], false
	}
	f.text, f.length, f.last = text, len(text), last
	k.add(f)
}

// entry is a line of a container's log.
type entry struct {
	stream int // 0 stdout, 1 stderr
	time   []byte
	text   []byte
	last   bool // the line of the program ends with it
}

func streamOf(name []byte) (int, bool) {
	switch {
	case bytes.Equal(name, stdout):
		return 0, true
	case bytes.Equal(name, stderr):
		return 1, true
	}
	return 0, false
}

// parseCRI reads "2016-10-06T00:17:09.669794202Z stdout F text", as the container
// runtime interface of Kubernetes has it. The tags are separated by ":", the
// first is F, or P when the next line of the stream goes on with this one.
func parseCRI(p []byte) (e entry, ok bool) {
	when, rest, ok1 := bytes.Cut(p, space)
	name, rest, ok2 := bytes.Cut(rest, space)
	tags, text, _ := bytes.Cut(rest, space)
	tag, _, _ := bytes.Cut(tags, colon)
	e.stream, ok = streamOf(name)
	if !ok || !ok1 || !ok2 || !isTime(when) || len(tag) != 1 || tag[0] != 'P' && tag[0] != 'F' {
		return entry{}, false
	}
	e.time, e.text, e.last = when, text, tag[0] == 'F'
	return e, true
}

var space, colon = []byte(" "), []byte(":")

// isTime says whether p looks like a time of RFC 3339.
func isTime(p []byte) bool {
	const shape = "0000-00-00T00:00:00"
	if len(p) < len(shape)+1 {
		return false
	}
	for i := range len(shape) {
		if digit := '0' <= p[i] && p[i] <= '9'; digit != (shape[i] == '0') || !digit && p[i] != shape[i] {
			return false
		}
	}
	return true
}
