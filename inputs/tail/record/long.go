package record

import "bytes"

// Long is the bytes that the last cut used of records that are cut off because
// they are longer than the limit: what is left of them is not in any record.
func (k *Cutter) Long() []Range { return k.long }

// Kept is the text of a range, as a longer record would have it: without the
// newline at its end.
func (k *Cutter) Kept(r Range) []byte {
	if k.r.o.Container != "" {
		return k.keptOfStream(r)
	}
	end := r.End
	if n := end - k.r.Width(); r.last && n >= r.Start && k.r.newline(k.data[n:end]) == 0 {
		end = n
	}
	f := fragment{text: k.unmarked(k.data[r.Start:end], r.Start)}
	k.decode(&f)
	return bytes.Clone(f.text)
}

// keptOfStream joins the texts of the lines that the range has of its stream.
func (k *Cutter) keptOfStream(r Range) (text []byte) {
	for line := range bytes.Lines(k.data[r.Start:r.End]) {
		line, ended := bytes.CutSuffix(line, newline)
		e, ok := k.entry(line)
		if !ok {
			e = entry{stream: strange, text: line, last: ended}
		}
		if e.stream != r.stream {
			continue
		}
		text = append(text, e.text...)
		if e.last {
			text = append(text, '\n')
		}
	}
	if r.last {
		text = bytes.TrimSuffix(text, newline)
	}
	return text
}
