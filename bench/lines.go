package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// lineSize is the length of every line, in bytes with its newline.
const lineSize = 200

// Lines makes log-like lines of words and numbers: always the same for a seed,
// and about 2.5 times smaller with lz4.
type lines struct {
	random *rand.Rand
	words  []string
	time   time.Time
	line   []byte
}

func newLines(seed uint64) *lines {
	l := &lines{
		random: rand.New(rand.NewPCG(seed, 0)),
		time:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	for range 1000 {
		word := make([]byte, 3+l.random.IntN(8))
		for i := range word {
			word[i] = byte('a' + l.random.IntN(26))
		}
		l.words = append(l.words, string(word))
	}
	return l
}

// next is the next line; its bytes are good until the one after it.
func (l *lines) next() []byte {
	levels := [...]string{"INFO", "INFO", "INFO", "DEBUG", "WARN"}
	l.time = l.time.Add(time.Duration(l.random.IntN(3000)) * time.Microsecond)
	b := l.time.AppendFormat(l.line[:0], "2006-01-02T15:04:05.000Z ")
	b = append(b, levels[l.random.IntN(len(levels))]...)
	b = append(b, " [worker-"...)
	b = strconv.AppendInt(b, l.random.Int64N(32), 10)
	b = append(b, "] request="...)
	b = strconv.AppendUint(b, l.random.Uint64(), 16)
	b = append(b, " status=200 duration="...)
	b = strconv.AppendInt(b, l.random.Int64N(5000), 10)
	b = append(b, "ms message:"...)
	for len(b) < lineSize {
		b = append(b, ' ')
		b = append(b, l.words[l.random.IntN(len(l.words))]...)
	}
	b = append(b[:lineSize-1], '\n')
	l.line = b
	return b
}

// writeLines writes n lines.
func writeLines(w io.Writer, l *lines, n int64) error {
	buf := bufio.NewWriterSize(w, 1<<20)
	for range n {
		if _, err := buf.Write(l.next()); err != nil {
			return err
		}
	}
	return buf.Flush()
}

// writeFile writes n lines of a seed into a new file.
func writeFile(path string, seed uint64, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := writeLines(f, newLines(seed), n); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}
