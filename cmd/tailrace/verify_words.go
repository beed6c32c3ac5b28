package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"tailrace/agent"
	"tailrace/agent/proof"
	"tailrace/agent/verify"
)

// stateWords is how the states are called to people.
var stateWords = map[proof.State]string{
	proof.Late:    "out of order",
	proof.Expired: "cannot be proven: the topic begins later",
}

func stateWord(s proof.State) string {
	if w := stateWords[s]; w != "" {
		return w
	}
	return string(s)
}

// proof prints what was found of each file, and the sum.
func (w *words) proof(r *verify.Report, s *agent.Shipment) {
	for i := range r.Files {
		w.verified(&r.Files[i])
	}
	w.line("")
	for _, l := range s.Lost {
		w.line("The agent counts as lost: %s", lost(&l))
	}
	if s.Gone > 0 {
		w.line("%s that the agent knows: nothing is there any more to compare.", count(s.Gone, "file"))
	}
	for _, t := range r.Topics {
		if t.Strange > 0 {
			w.line("Topic %s has %s of files that are gone or came later.", t.Name, count(int(t.Strange), "record"))
		}
	}
	if r.Proven {
		w.line("Proven: %s of %s in Kafka, once, unchanged and in order.", count(int(r.Records), "record"), count(len(r.Files), "file"))
		return
	}
	w.line("Not proven: %d of %s. %s", r.Failed, count(len(r.Files), "file"), sums(r))
}

// sums says how many records have which state.
func sums(r *verify.Report) string {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(r.States)) {
		if n := r.States[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(int(n), "record"), stateWord(s)))
		}
	}
	if r.Unsent > 0 {
		parts = append(parts, fmt.Sprintf("%s not sent yet", byteCount(r.Unsent)))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "."
}

// verified prints what was found of one file.
func (w *words) verified(f *verify.Result) {
	mark := "  "
	if !f.Proven {
		mark = "! "
	}
	of := ""
	if f.Path != f.At {
		of = " (lines of " + f.Path + ")"
	}
	w.line("%s%s%s", mark, f.At, of)
	for _, r := range f.Ranges {
		w.spot(&r)
	}
	if f.More > 0 {
		w.line("    and %d more ranges", f.More)
	}
	if f.Unsent != nil {
		w.line("    %d-%d not sent yet", f.Unsent.Start, f.Unsent.End)
	}
	if f.Partial > 0 {
		w.line("    its last %s: a line that is not complete", byteCount(f.Partial))
	}
	if f.Excluded > 0 {
		w.line("    %s left out, as the input says", count(int(f.Excluded), "record"))
	}
	if f.Note != "" {
		w.line("    %s", f.Note)
	}
	if f.Error != "" {
		w.line("    cannot be verified: %s", f.Error)
	}
}

// spot prints one range.
func (w *words) spot(r *proof.Range) {
	where := ""
	if r.At != nil {
		where = fmt.Sprintf(", from partition %d offset %d on", r.At.Partition, r.At.Offset)
	}
	if r.Again != nil {
		where += fmt.Sprintf(", again up to partition %d offset %d", r.Again.Partition, r.Again.Offset)
	}
	w.line("    %d-%d %s, %s%s", r.Start, r.End, stateWord(r.State), count(int(r.Records), "record"), where)
}

// rebuilt prints which files were written.
func (w *words) rebuilt(all []verify.Rebuilt, dir string) {
	exact := 0
	for i := range all {
		f := &all[i]
		mark := "! "
		if f.Exact {
			mark = "  "
			exact++
		}
		w.line("%s%s: %s, %s", mark, filepath.Join(dir, f.Name), byteCount(f.Bytes), count(int(f.Records), "record"))
		for _, h := range f.Holes {
			w.line("    %d-%d is not in the topic", h.Start, h.End)
		}
		if f.More > 0 {
			w.line("    and %d more ranges are not", f.More)
		}
		for _, n := range f.Notes {
			w.line("    %s", n)
		}
	}
	w.line("")
	if len(all) == 0 {
		w.line("No record of this host is in the topics.")
		return
	}
	w.line("%s written, %d of them byte for byte what was shipped.", count(len(all), "file"), exact)
}
