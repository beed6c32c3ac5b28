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
	proof.Late:       "out of order",
	proof.Expired:    "cannot be proven: the topic begins later",
	verify.Unproven:  "cannot be proven",
	verify.History:   "not shipped: it is from before the agent followed it",
	verify.NeverRead: "never read: the agent has passed it over",
	verify.Taken:     "taken for shipped",
	verify.NotSent:   "not sent yet",
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
	if r.Strange > 0 {
		w.line("%s of files that are gone or came later.", count(int(r.Strange), "record"))
	}
	if r.Proven {
		w.line("%s", provenText(r))
		return
	}
	for _, h := range hints(r, s) {
		w.line("%s", h)
	}
	w.line("%s", strings.TrimSpace(fmt.Sprintf("Not proven: %d of %s. %s", r.Failed, count(len(r.Files), "file"), sums(r))))
}

// provenText is the sum when all is proven, and what is not in Kafka all the same.
func provenText(r *verify.Report) string {
	all, files := count(int(r.Records), "record"), count(len(r.Files), "file")
	text := fmt.Sprintf("Proven: %s of %s in Kafka, once, unchanged and in order.", all, files)
	if r.CutOff > 0 {
		text = fmt.Sprintf("Proven: %s of %s in Kafka, once and in order, but not all of the text: %s cut off at max_line, as long_lines says. All others are unchanged.",
			all, files, count(int(r.CutOff), "record"))
	}
	if r.Excluded > 0 {
		text += fmt.Sprintf(" Not in Kafka: %s left out, as the inputs say.", count(int(r.Excluded), "record"))
	}
	return text
}

// sums says how many records have which state.
func sums(r *verify.Report) string {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(r.States)) {
		if n := r.States[s]; n > 0 {
			word, _, _ := strings.Cut(stateWord(s), ":")
			parts = append(parts, fmt.Sprintf("%s %s", count(int(n), "record"), word))
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
	if f.Beside && f.Records > 0 {
		w.line("    the agent does not ship it: looked for among what it shipped of the path")
	}
	if n := f.NotFollowed; n != nil {
		w.line("    %d-%d not followed: reading began behind it", n.Start, n.End)
	}
	for i := range f.Ranges {
		w.spot(&f.Ranges[i])
	}
	if f.More > 0 {
		w.line("    and %d more ranges", f.More)
	}
	if f.Unsent != nil {
		w.line("    %d-%d not sent yet, as far as the state knows", f.Unsent.Start, f.Unsent.End)
	}
	if len(f.Partitions) > 1 {
		w.line("    its records are in %s: order is compared within each only", partitions(f.Partitions))
	}
	if f.Partial > 0 {
		w.line("    its last %s: a line that is not complete", byteCount(f.Partial))
	}
	if f.Excluded > 0 {
		w.line("    %s left out, as the input says", count(int(f.Excluded), "record"))
	}
	if f.CutOff > 0 {
		w.line("    cut off at max_line, as long_lines says: %s, whose text is in Kafka up to there only", count(int(f.CutOff), "record"))
	}
	if f.Note != "" {
		w.line("    %s", f.Note)
	}
	if f.Error != "" {
		w.line("    cannot be verified: %s", f.Error)
	}
}

// spot prints one range.
func (w *words) spot(r *verify.Range) {
	where := ""
	if r.Records > 0 || r.State != verify.History && r.State != verify.Unproven {
		where = ", " + count(int(r.Records), "record")
	}
	if r.At != nil {
		where += ", from " + placeText(r.At) + " on"
	}
	if r.Again != nil {
		where += ", again up to " + placeText(r.Again)
	}
	w.line("    %d-%d %s%s", r.Start, r.End, stateWord(r.State), where)
}

// placeText is where a record is.
func placeText(at *verify.Place) string {
	return fmt.Sprintf("%s offset %d", partition(at), at.Offset)
}

// partition is a partition of the topic of the file, or of another.
func partition(at *verify.Place) string {
	if at.Topic == "" {
		return fmt.Sprintf("partition %d", at.Partition)
	}
	return fmt.Sprintf("topic %s partition %d", verify.Source{Output: at.Output, Name: at.Topic}, at.Partition)
}

func partitions(all []verify.Place) string {
	var names []string
	for i := range all {
		names = append(names, partition(&all[i]))
	}
	return strings.Join(names, ", ")
}

// rebuilt prints which files were written, and why some were not.
func (w *words) rebuilt(all []verify.Rebuilt, unread []string, dir string) {
	exact := 0
	for i := range all {
		f := &all[i]
		mark := "! "
		if f.Exact {
			mark = "  "
			exact++
		}
		w.line("%s%s: %s, %s of topic %s", mark, filepath.Join(dir, f.Name), byteCount(f.Bytes), count(int(f.Records), "record"),
			verify.Source{Output: f.Output, Name: f.Topic})
		for _, h := range f.Holes {
			w.line("    %d-%d is not in the topic: NUL bytes are in its place", h.Start, h.End)
		}
		if f.More > 0 {
			w.line("    and %d more ranges are not", f.More)
		}
		for _, n := range f.Notes {
			w.line("    %s", n)
		}
	}
	w.line("")
	for _, text := range unread {
		w.line("Not read to its end: %s", text)
	}
	if len(all) == 0 && len(unread) > 0 {
		w.line("Nothing written.")
		return
	}
	if len(all) == 0 {
		w.line("Nothing written: no record of this host, with the headers path and offset, is in the topics; --host NAME says what it was called before.")
		return
	}
	w.line("%s written, %d of them byte for byte up to the last record that the topics have.", count(len(all), "file"), exact)
}
