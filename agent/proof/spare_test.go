package proof

import (
	"slices"
	"strings"
	"testing"
)

// Records of the topic and of the file may end at different places, also over
// the borders of blocks, when the file was read in another way then.
func TestCutAnew(t *testing.T) {
	var text []string
	for i := range 40 {
		text = append(text, strings.Repeat(string(rune('a'+i%26)), 1+i%7))
	}
	all := strings.Join(text, "\n") + "\n"
	confirm := func(_ *File, r Record) (int64, bool) {
		end := r.Offset + int64(r.Size)
		return end + 1, end < int64(len(all)) && all[end] == '\n' && value(all[r.Offset:end]) == r.Value
	}
	// joined is n lines of a record each.
	joined := func(n int) (values []string, topic []sent) {
		at := int64(0)
		for part := range slices.Chunk(text, n) {
			v := strings.Join(part, "\n")
			values, topic = append(values, v), append(topic, sent{offset: at, value: v})
			at += int64(len(v)) + 1
		}
		return values, topic
	}
	for _, block := range []int64{16, 32, 64, 1024} {
		for _, n := range []int{1, 2, 3} {
			for _, m := range []int{1, 2, 3} {
				values, _ := joined(n)
				_, topic := joined(m)
				got := newLined(block, values...).limited(1000, topic, nil, confirm)
				if !strings.HasPrefix(got, "delivered 0-") || strings.Contains(got, ",") {
					t.Errorf("blocks of %d, %d lines a record in place of %d: %s", block, m, n, got)
				}
				topic = slices.Delete(topic, 5, 6)
				if got := newLined(block, values...).limited(1000, topic, nil, confirm); !strings.Contains(got, string(Missing)) {
					t.Errorf("blocks of %d, %d lines a record in place of %d, one lost: %s", block, m, n, got)
				}
			}
		}
	}
}

// pair is a file that was shipped, and one that is beside it.
func pair(block int64, shipped, spare []string) (s *Set, found func(topic []string) []string) {
	s = New(block)
	records := func(lines []string) (out []Record, at int64) {
		for _, l := range lines {
			out = append(out, Record{Offset: at, Size: int32(len(l)), Value: value(l)})
			at += int64(len(l)) + 1
		}
		return out, at
	}
	files := map[*File][]Record{}
	for i, lines := range [][]string{shipped, spare} {
		all, end := records(lines)
		add := []func(string, int64, int64, int32) *File{s.Add, s.AddSpare}[i]
		files[add("/a", 0, end, 0)] = all
	}
	for f, all := range files {
		for _, r := range all {
			f.Expect(r, Resume{})
		}
	}
	return s, func(topic []string) (states []string) {
		all, _ := records(topic)
		pass := func() {
			s.Begin()
			for i, r := range all {
				s.Find([]byte("/a"), r, Place{Offset: int64(i)})
			}
			s.End(nil)
		}
		pass()
		for again := s.Closer(100); len(again) > 0; again = s.Closer(100) {
			for _, b := range again {
				for _, r := range files[b.File] {
					b.Reread(r)
				}
			}
			pass()
		}
		s.Result(nil, func(_ *File, found Found) {
			var text []string
			for _, r := range found.Ranges {
				text = append(text, string(r.State))
			}
			states = append(states, strings.Join(text, " "))
		})
		return states
	}
}

// A file beside those that were shipped takes nothing from them, and what it has
// in common with them is there as theirs.
func TestSpare(t *testing.T) {
	lines := func(s string) []string { return strings.Split(s, "") }
	for _, block := range []int64{4, 8, 1024} {
		for _, c := range []struct{ shipped, spare, topic, want string }{
			{"abcdef", "abcdef", "abcdef", "delivered, shared"},
			{"abcdef", "abcd", "abcdef", "delivered, shared"},
			{"abcdef", "abcdxyz", "abcdef", "delivered, shared missing"},
			{"abcdef", "uvwxyz", "abcdef", "delivered, missing"},
			{"abcdef", "abcdef", "abcd", "delivered missing, shared missing"},
			{"abcdef", "uvwxyz", "uvwxyz", "missing, delivered"},
		} {
			_, found := pair(block, lines(c.shipped), lines(c.spare))
			if got := strings.Join(found(lines(c.topic)), ", "); got != c.want {
				t.Errorf("blocks of %d, %s and %s in %s: %s, want %s", block, c.shipped, c.spare, c.topic, got, c.want)
			}
		}
	}
}

// Records that are of no file are counted, and no others.
func TestStrange(t *testing.T) {
	lines := func(s string) []string { return strings.Split(s, "") }
	for _, c := range []struct {
		topic string
		want  int64
	}{{"abcdef", 0}, {"abcdefghij", 4}, {"abcxef", 0}, {"", 0}} {
		s, found := pair(4, lines("abcdef"), lines("uv"))
		found(lines(c.topic))
		if got := s.Strange(); got != c.want {
			t.Errorf("%s: %d strange records, want %d", c.topic, got, c.want)
		}
	}
}
