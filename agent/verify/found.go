package verify

import (
	"strconv"

	"github.com/IBM/sarama"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/proof"
)

// found is one record that was found.
type found struct {
	path, host []byte
	proof.Record
	at proof.Place
}

// namesMax is how many names of other hosts are counted in a topic, nameMax how
// many bytes of one are kept.
const (
	namesMax = 64
	nameMax  = 255
)

// count notes what there is beside records of this host.
func (s *source) count(plain int64, others []found) {
	s.Plain += plain
	for i := range others {
		name := string(others[i].host[:min(nameMax, len(others[i].host))])
		if _, known := s.Others[name]; known || len(s.Others) < namesMax {
			s.Others[name]++
		}
	}
}

// find tells the set of the records that are this host's and name one of the
// paths that are looked for.
func (b *batch) find(w *work, s *source) {
	all, others, plain := make([]found, 0, len(b.Records)), []found(nil), int64(0)
	for _, r := range b.Records {
		offset := b.FirstOffset + r.OffsetDelta
		if offset < b.from || offset >= b.to {
			continue
		}
		f, ok := origin(r)
		if !ok {
			plain++
			continue
		}
		inObject, wanted := w.timed[string(f.path)]
		if !wanted {
			continue
		}
		if !w.Own(f.path, r.Key, f.host) {
			if f.host == nil {
				f.host = r.Key
			}
			others = append(others, f)
			continue
		}
		value := r.Value
		if bare := flow.Timeless(value); inObject {
			value = bare
		} else if len(bare) < len(value) {
			f.Alt = hash(bare)
		}
		f.Size, f.Value = int32(len(r.Value)), hash(value)
		f.at = proof.Place{Lane: proof.Lane{Topic: s.number, Partition: b.partition}, Offset: offset}
		all = append(all, f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.round == 0 {
		s.count(plain, others)
	}
	for i := range all {
		w.set.Find(all[i].path, all[i].Record, all[i].at)
	}
}

// origin is what the headers say of where a record is from.
func origin(r *sarama.Record) (f found, ok bool) {
	offset := false
	for _, h := range r.Headers {
		switch string(h.Key) {
		case "path":
			f.path = h.Value
		case "offset":
			n, err := strconv.ParseInt(string(h.Value), 10, 64)
			f.Offset, offset = n, err == nil && n >= 0
		case "part":
			f.Part, f.Final = parsePart(h.Value)
		case "truncated":
			f.Cut = true
		case "host":
			f.host = h.Value
		case deadletter.Header:
			return f, false // sent by hand, beside the line
		}
	}
	return f, f.path != nil && offset
}
