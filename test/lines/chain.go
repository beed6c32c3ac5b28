// Package lines writes lines to log files as programs do, and tells whether
// each of them arrived once, whole, in order, and with the right headers.
package lines

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
)

// A Chain is all lines that were written to one path, through every file that
// the path has been. Line n says what it is and where it ends:
// "chain n words… #". It is safe for any goroutine.
type Chain struct {
	Name string // without blanks
	seed uint64

	mu      sync.Mutex
	long    map[int]int // line → its length, for lines longer than usual
	offsets []int64     // where line n starts in its file
	from    int         // lines below are not to be shipped
	files   []chainFile // in the order in which they were written
}

// chainFile is one file of a chain.
type chainFile struct {
	first int      // the first line in it
	names []string // all paths that it has had
}

// NewChain returns a chain without lines. The seed and the name decide its words.
func NewChain(name string, seed uint64) *Chain {
	for _, b := range []byte(name) {
		seed = seed*31 + uint64(b)
	}
	return &Chain{Name: name, seed: seed, long: map[int]int{}}
}

// Lines is how many lines were written.
func (c *Chain) Lines() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.offsets)
}

// Long says that line n is of about size bytes when it is written.
func (c *Chain) Long(n, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.long[n] = size
}

// Skip says that what was written so far is not to be shipped, but the last
// keep lines.
func (c *Chain) Skip(keep int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from = len(c.offsets) - keep
}

// Due is how many lines are to be shipped.
func (c *Chain) Due() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.offsets) - c.from
}

// Line is line n without its newline, whether it was written already or not.
func (c *Chain) Line(n int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line(n)
}

const words = "GET /health 200 user=anna took 12ms – warn: slow query [worker-3] {\"id\":77} naïve\t"

func (c *Chain) line(n int) []byte {
	b := make([]byte, 0, 256)
	b = append(b, c.Name...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, ' ')
	r := rand.New(rand.NewPCG(c.seed, uint64(n)))
	size, isLong := c.long[n]
	if !isLong {
		size = r.IntN(150)
	}
	for len(b) < size {
		at := r.IntN(len(words))
		b = append(b, words[at:min(len(words), at+1+r.IntN(20))]...)
	}
	b = append(b, " #"...)
	if n%17 == 0 {
		b = append(b, '\r')
	}
	return b
}

// begin notes that the lines from now on are in a new file.
func (c *Chain) begin(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files = append(c.files, chainFile{first: len(c.offsets), names: []string{path}})
}

// named notes that the file of this index has another path now.
func (c *Chain) named(file int, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files[file].names = append(c.files[file].names, path)
}

// next notes that one more line is written at an offset, and returns it with
// its newline.
func (c *Chain) next(offset int64) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := c.line(len(c.offsets))
	c.offsets = append(c.offsets, offset)
	return append(line, '\n')
}

// place is where line n was written: its offset, and which file of the chain.
func (c *Chain) place(n int) (offset int64, file int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, found := slices.BinarySearchFunc(c.files, n, func(f chainFile, n int) int { return f.first - n })
	if !found {
		i--
	}
	for i+1 < len(c.files) && c.files[i+1].first == n {
		i++ // files without a line begin at the same number
	}
	return c.offsets[n], i
}

// had reports whether a file of the chain has ever had a path.
func (c *Chain) had(file int, path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.files[file].names, path)
}

// Number tells which line of the chain a value says that it is.
func (c *Chain) Number(value []byte) (int, error) {
	name, n, err := parse(value)
	if err == nil && name != c.Name {
		err = fmt.Errorf("a line of %s", name)
	}
	if err == nil && n >= c.Lines() {
		err = fmt.Errorf("never written")
	}
	return n, err
}

// parse tells which line a value says that it is.
func parse(value []byte) (name string, n int, err error) {
	fields := bytes.SplitN(value, []byte(" "), 3)
	if len(fields) < 3 {
		return "", 0, fmt.Errorf("not a line of a chain")
	}
	n, err = strconv.Atoi(string(fields[1]))
	if err != nil || n < 0 {
		return "", 0, fmt.Errorf("no number in it")
	}
	return string(fields[0]), n, nil
}
