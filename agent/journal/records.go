package journal

import "tailrace/agent/flow"

// Record is one entry of the journal: exactly one of its fields is set. On
// disk it is one line: the CRC-32C of the JSON in hex, a space, the JSON.
type Record struct {
	Header *Header `json:"header,omitempty"`
	File   *File   `json:"file,omitempty"`
	Forget *Forget `json:"forget,omitempty"`
	Lane   *Lane   `json:"lane,omitempty"`
	PID    *PID    `json:"pid,omitempty"`
	Intent *Intent `json:"intent,omitempty"`
	Split  *Split  `json:"split,omitempty"`
	Ack    *Ack    `json:"ack,omitempty"`
	Rebind *Rebind `json:"rebind,omitempty"`
	Done   *Done   `json:"done,omitempty"`
	Lost   *Lost   `json:"lost,omitempty"`
	Looked *Looked `json:"looked,omitempty"`

	Reading *Reading `json:"reading,omitempty"`

	// Only in the snapshot at the head of a journal file.
	Highest  *Highest  `json:"highest,omitempty"`
	Position *Position `json:"position,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Doubt    *Doubt    `json:"doubt,omitempty"`
	Closed   *Closed   `json:"closed,omitempty"`
	End      *End      `json:"end,omitempty"`
}

// Header opens every journal file and says where it was written.
type Header struct {
	Format  int    `json:"format"`
	Machine string `json:"machine"` // /etc/machine-id
	Boot    string `json:"boot"`    // /proc/sys/kernel/random/boot_id
	Inode   uint64 `json:"inode"`   // of the state directory
	Time    int64  `json:"time"`    // Unix milliseconds
	// File and Birth are the inode number of this very file and when it was made,
	// in Unix nanoseconds, 0 where not known: a copy has others.
	File  uint64 `json:"file,omitempty"`
	Birth int64  `json:"birth,omitempty"`
	// Always says that all that was written was durable before it counted.
	Always bool `json:"always,omitempty"`
	// First is the Time of the first run, 0 unknown; Hosts the names that the
	// host had in the runs up to this one, the newest last.
	First int64    `json:"first,omitempty"`
	Hosts []string `json:"hosts,omitempty"`
	// LanesUp is up to when something may have been sent on lanes that the
	// journal does not have, as Doubt.Up; 0 unknown.
	LanesUp int64 `json:"lanes_up,omitempty"`
}

// File is one file's identity: a later record of the same ID replaces what
// the earlier one said, and leaves the position as it is.
type File struct {
	ID   flow.FileID `json:"id"`
	Path string      `json:"path"`          // the header "path": where it was first found
	Now  string      `json:"now,omitempty"` // where it was last seen, when that is elsewhere
	// Output is where its lines go, of several outputs; Topic is that there.
	Output string `json:"output,omitempty"`
	Topic  string `json:"topic,omitempty"`
	Dev    uint64 `json:"dev"`
	Ino    uint64 `json:"ino"`
	Birth  int64  `json:"birth,omitempty"` // statx btime, Unix nanoseconds, 0 where unknown
	// Owner is the user that owns the file, and one: 0 is not known. Handle
	// is what name_to_handle_at gives: the type, a colon, the bytes in hex.
	Owner  int64       `json:"owner,omitempty"`
	Handle string      `json:"handle,omitempty"`
	Prev   flow.FileID `json:"prev,omitempty"` // what was at the same path before it
	// Base and BaseMark are where reading began: the position until a span
	// is acked. 0 and nil unless the file is followed from its end.
	Base     int64      `json:"base,omitempty"`
	BaseMark *flow.Mark `json:"base_mark,omitempty"`
	// Hole is how many NULs it begins with, as far as that is known: its writer does
	// not append, and went on where it was when the file was truncated.
	Hole int64 `json:"hole,omitempty"`
	// Alike is up to where it was taken for what another file had, and which was
	// shipped, for its bytes alone: a program may have written them again.
	Alike int64 `json:"alike,omitempty"`
	// Done says that the file was read to its end and let go: bytes that
	// come later are out of order.
	Done bool `json:"done,omitempty"`
	// End is up to where it was read when it was done, and before that how much of it
	// was seen. Where the spans end before it, and it is nowhere any more, so much is lost.
	End int64 `json:"end,omitempty"`
	// Deleting says that all of it is acked and it is about to be deleted, or
	// was: that it is nowhere is no loss.
	Deleting bool `json:"deleting,omitempty"`
	// Size is that of a file that was deleted, when that was seen: should the agent
	// end before it is done with the file, so much of it was there.
	Size int64 `json:"size,omitempty"`
}

// Joined is how many bytes before Base may be shipped as the end of Prev: the other half
// of a line that it broke off in.
func (f *File) Joined() int64 { return max(0, f.Base-f.Hole) }

// Forget drops a file that is gone.
type Forget struct {
	ID flow.FileID `json:"id"`
}

// Lane names a stream of batches to one partition. A lane is never shared by
// two processes.
type Lane struct {
	ID        int32  `json:"id"`
	Output    string `json:"output,omitempty"` // which of several; empty: the one that has no name
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	// TopicID is the id that Kafka gave the topic that the lane sends to, in the
	// base64 in which its tools show it; empty where it is not known. A topic that
	// is made again has another one, and so has one of the name in another cluster.
	TopicID string `json:"topic_id,omitempty"`
	// Cluster is the id of the cluster that the topic is in, where it is known.
	Cluster string `json:"cluster,omitempty"`
	// Remade is when the topic was seen to be another one than before: deleted and
	// made again, or in another cluster; Unix milliseconds, 0 never.
	Remade int64 `json:"remade,omitempty"`
	// Key is that of the records of spans without a Form, in older journals.
	Key string `json:"key,omitempty"`
}

// PID is the producer id that a lane sends its next batches with.
type PID struct {
	Lane  int32 `json:"lane"`
	PID   int64 `json:"pid"`
	Epoch int16 `json:"epoch"`
}

// Intent is a batch that is about to be sent, with what is needed to build
// the same records again.
type Intent struct {
	Lane  int32       `json:"lane"`
	PID   int64       `json:"pid"`
	Epoch int16       `json:"epoch"`
	First int32       `json:"first"` // sequence number of the first record
	Count int32       `json:"count"` // records; sequence numbers wrap after 2^31-1
	Time  int64       `json:"time"`  // timestamp of the records, Unix milliseconds
	Codec string      `json:"codec"`
	Spans []flow.Span `json:"spans"`
	// Newest is the newest timestamp of the records, Unix milliseconds, where
	// some have their own; 0: all have Time.
	Newest int64 `json:"newest,omitempty"`
	// Short says that the one record was shortened to at most that many
	// bytes, because the broker does not take it whole. 0: not shortened.
	Short int `json:"short,omitempty"`
}

// Split replaces the un-acked intent of a lane that begins at First by Into,
// over the same sequence numbers.
type Split struct {
	Lane  int32    `json:"lane"`
	First int32    `json:"first"`
	Into  []Intent `json:"into"`
}

// Ack acks the lane's un-acked intents from the oldest up to and including
// the one that begins at First.
type Ack struct {
	Lane   int32 `json:"lane"`
	First  int32 `json:"first"`
	Offset int64 `json:"offset"` // of that intent's first record in the partition, -1 unknown
	Time   int64 `json:"time"`   // Unix milliseconds
}

// Rebind closes a lane's stream and opens another in one step: every un-acked
// intent is released, Intents take their place under the new producer id, and
// Lost spans are given up. A released span that no span of Intents overlaps
// was found in the topic, and is acked by this.
type Rebind struct {
	Lane    int32       `json:"lane"`
	PID     int64       `json:"pid"`
	Epoch   int16       `json:"epoch"`
	Intents []Intent    `json:"intents,omitempty"`
	Lost    []flow.Span `json:"lost,omitempty"`
	Cause   string      `json:"cause"`
}

// Doubt says that more may have been sent on a lane than its intents tell. It
// stays, over any number of crashes, until one without a Cause ends it.
type Doubt struct {
	Lane  int32  `json:"lane"`
	Cause string `json:"cause,omitempty"`
	// From is an offset of the partition before all that is in doubt, -1 unknown.
	From int64 `json:"from"`
	// Up is how long the machine had been up, in milliseconds of
	// CLOCK_BOOTTIME, when the last of what is in doubt may have been sent; 0
	// when more was sent since. A start in a boot gives it where it is 0.
	Up int64 `json:"up,omitempty"`
	// Settling says that it is the un-acked intents that are in doubt: nothing
	// else was sent. Their Rebind ends it.
	Settling bool `json:"settling,omitempty"`
}

// Closed is the last record of a run that ended by itself: all before it is
// durable.
type Closed struct {
	Time int64 `json:"time"` // Unix milliseconds
}

// Reading is how the bytes of the spans that name it are cut into records, or
// what these have beside their values: what is needed to make them in the same
// way again. It comes before the first of them, and stays until none is un-acked
// and no stretch of a file names it.
type Reading struct {
	ID   int    `json:"id"`
	Spec string `json:"spec"`
}

// Done acks spans of an output that has no lanes, or bytes in which there is
// no record.
type Done struct {
	Spans []flow.Span `json:"spans"`
}

// Lost counts bytes of a file that will never be shipped, and their lines where
// they could be counted. Without bytes it is not known how many they are, if any.
// A snapshot has one for each path and cause.
type Lost struct {
	File  flow.FileID `json:"file,omitempty"`
	Path  string      `json:"path,omitempty"`
	Bytes int64       `json:"bytes"`
	Lines int64       `json:"lines,omitempty"`
	Cause string      `json:"cause"` // one of a few fixed words
	// Unknown is of how many files it is not known, in a snapshot.
	Unknown int64 `json:"unknown,omitempty"`
}

// Looked says up to when all that happened to files is known: what is younger
// and not known was not seen. An input writes one with Done alone when it has
// looked at all files for the first time in its run.
type Looked struct {
	// Done: up to the last write of this run. Otherwise up to Time, Unix
	// milliseconds, since this run has not looked at all files yet.
	Done bool  `json:"done,omitempty"`
	Time int64 `json:"time,omitempty"`
	// First says that no run before has, either. Then Time is when the first
	// one began.
	First bool `json:"first,omitempty"`
}

// Highest keeps the numbers that were given out, so that they are not given
// out again after what they named is forgotten.
type Highest struct {
	File    flow.FileID `json:"file"`
	Lane    int32       `json:"lane"`
	Reading int         `json:"reading,omitempty"`
}

// Position is how far a file is acked.
type Position struct {
	ID   flow.FileID `json:"id"`
	End  int64       `json:"end"`
	Mark flow.Mark   `json:"mark"`
	// Ladder is the steps below End.
	Ladder Ladder `json:"ladder,omitempty"`
	// Stretches is how the bytes up to End were cut into records, ascending; what
	// is before the first of them as lines.
	Stretches []Stretch `json:"stretches,omitempty"`
}

// Progress is how far a lane's batches were acked.
type Progress struct {
	Lane   int32 `json:"lane"`
	Acked  *Ack  `json:"acked"`
	Warm   int64 `json:"warm,omitempty"` // time of the last ack of the lane's PID, Unix milliseconds, 0 none
	Offset int64 `json:"offset"`         // last known acked offset, -1 none
}

// End closes the snapshot at the head of a journal file: without it the file
// was never finished.
type End struct {
	Records int `json:"records"` // how many were before it, the header among them
}
