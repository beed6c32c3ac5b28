package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	f := func(want float64, list ...float64) {
		t.Helper()
		if got := median(list, func(v float64) float64 { return v }); got != want {
			t.Errorf("%v: %v, want %v", list, got, want)
		}
	}
	f(0)
	f(3, 3)
	f(2, 3, 1)
	f(3, 9, 1, 3)
	f(2.5, 4, 1, 2, 3)
}

func TestQuantile(t *testing.T) {
	var sorted []time.Duration
	for n := range 100 {
		sorted = append(sorted, time.Duration(n+1))
	}
	f := func(q float64, want time.Duration) {
		t.Helper()
		if got := quantile(sorted, q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	f(0, 1)
	f(0.5, 50)
	f(0.99, 99)
	f(0.991, 100)
	f(1, 100)
}

func TestTable(t *testing.T) {
	rows := []row{
		{contenders[0], "lz4", []result{{1000, 2, 8}}},
		{contenders[2], "lz4", []result{{900, 3, 10}, {800, 1, 30}, {850, 2.5, 20}}},
		{contenders[3], "lz4", nil}, // not yet run
	}
	var b strings.Builder
	if err := writeTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	want := `
| contender | codec | lines/s | CPU-s per GB | least to most | of the floor | peak MB |
|---        |---    |---      |---           |---            |---           |---      |
| floor     | lz4   | 1000    | 2.00         | 2.00 to 2.00  | 1.00         | 8       |
| tailrace  | lz4   | 850     | 2.50         | 1.00 to 3.00  | 1.25         | 20      |
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("%s\nwant:%s", got, want)
	}
}
