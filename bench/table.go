package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A row is the results of one contender with one codec.
type row struct {
	contender contender
	codec     string
	results   []result
}

// median is the middle of the results by one figure; of an even number of
// them, the mean of the two in the middle.
func median[T any](list []T, figure func(T) float64) float64 {
	if len(list) == 0 {
		return 0
	}
	var figures []float64
	for _, v := range list {
		figures = append(figures, figure(v))
	}
	slices.SortFunc(figures, cmp.Compare[float64])
	mid := len(figures) / 2
	if len(figures)%2 == 1 {
		return figures[mid]
	}
	return (figures[mid-1] + figures[mid]) / 2
}

// writeTable prints the medians as Markdown, if there are any. The last column compares the
// CPU time with the floor's, with the same codec.
func writeTable(w io.Writer, rows []row) error {
	floors := make(map[string]float64)
	cpu := func(r result) float64 { return r.cpuPerGB }
	for _, r := range rows {
		if r.contender.name == "floor" {
			floors[r.codec] = median(r.results, cpu)
		}
	}
	if !slices.ContainsFunc(rows, func(r row) bool { return len(r.results) > 0 }) {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| contender\t| codec\t| lines/s\t| CPU-s per GB\t| least to most\t| of the floor\t| peak MB\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range rows {
		if len(r.results) == 0 {
			continue
		}
		codec, ofFloor := r.codec, ""
		if f := floors[r.codec]; f > 0 && !r.contender.reads {
			ofFloor = fmt.Sprintf("%.2f", median(r.results, cpu)/f)
		}
		if r.contender.reads {
			codec = ""
		}
		fmt.Fprintf(t, "| %s\t| %s\t| %.0f\t| %.2f\t| %s\t| %s\t| %.0f\t|\n", r.contender.name, codec,
			median(r.results, func(r result) float64 { return r.linesPerSecond }), median(r.results, cpu),
			spread(r.results), ofFloor, median(r.results, func(r result) float64 { return r.peakMB }))
	}
	return t.Flush()
}

// spread is the least and the most CPU time of all runs.
func spread(list []result) string {
	least, most := list[0].cpuPerGB, list[0].cpuPerGB
	for _, r := range list {
		least, most = min(least, r.cpuPerGB), max(most, r.cpuPerGB)
	}
	return fmt.Sprintf("%.2f to %.2f", least, most)
}
