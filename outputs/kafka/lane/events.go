package lane

// Handle names a batch of the driver's. It is never 0, and never names
// another batch while the machine knows it.
type Handle uint64

// Bound is a batch and the sequence numbers that are bound to its records:
// Count of them from First. Numbers wrap from 2^31-1 to 0.
type Bound struct {
	Batch Handle
	First int32
	Count int32
}

// Intent is an un-acked batch as the journal has it.
type Intent struct {
	Bound
	PID   int64
	Epoch int16
}

// Part is what a batch was made anew into: the whole, or a piece of it.
type Part struct {
	Batch Handle
	Count int32
}

// Event is something that happened outside of the machine: Start, Offer,
// Granted, GrantFailed, Up, Down, Answer, Timer, Remade, Gone, Found, Unread,
// Remembered, Unasked or NewTopic.
type Event any

// Start is the first event, and comes once: what the journal knows.
type Start struct {
	Unacked []Intent // oldest first; the driver reads and encodes one when it is to be sent
	Newest  int64    // when the newest of Unacked was journalled, Unix milliseconds
	AckedAt int64    // the last ack under the producer id of Unacked, Unix milliseconds, 0 for none
	Offset  int64    // the highest offset that was acked on the partition, -1 for none
	Sent    int64    // until when a former run may have sent, Unix milliseconds
	// Doubt says why the journal may not know all that was sent: it was
	// written before this boot, or on another machine. Empty: it does. It
	// must follow from durable facts (the time of an un-acked intent is
	// before the boot), not from "the last run was another boot": a second
	// crash before all is acked would forget that.
	Doubt string
	// A run that ended while it settled is a reason too: see WriteSettling.
	// From is the offset from which on the partition may have what is in doubt,
	// -1 unknown.
	From int64
}

// Offer is a batch of new lines. It may come only while Room says so.
type Offer struct {
	Batch Handle
	Count int32 // records, at least 1
}

// Granted answers GetPID.
type Granted struct {
	PID   int64 // below 0 is taken as a failure: such a batch is not deduplicated
	Epoch int16
}

// GrantFailed answers GetPID with Kafka's error code, or Lost.
type GrantFailed struct{ Code int16 }

// Up says that the connection of generation Gen is open and authenticated, to
// the partition's leader as far as is known.
type Up struct{ Gen int }

// Down says that generation Gen is over: it could not be opened, was lost, or
// a request on it took too long. Code is Kafka's error code where one is known
// (metadata, authentication), else Lost. While nothing is un-acked it is no
// failure: a driver ends an idle connection this way, and the next batch opens
// another.
type Down struct {
	Gen  int
	Code int16
}

// Answer is the broker's answer to the Send of Batch on generation Gen.
type Answer struct {
	Gen    int
	Batch  Handle
	Code   int16
	Offset int64 // of the first record, -1 unknown
}

// Timer says that the last Wait is over.
type Timer struct{}

// Remade answers Remake: Parts take the place of Batch, in order, with as many
// records in all. No parts: it cannot be done.
type Remade struct {
	Batch Handle
	Parts []Part
}

// Gone says that a batch that was to be sent or made anew cannot be built
// again: its bytes are nowhere. It may come any time after Send or Remake.
type Gone struct{ Batch Handle }

// Found answers Look: Rest is what the partition does not have of the un-acked
// batches, in their order. A batch of which it has a part is replaced by what it
// does not have, under new handles. Partly says that not all of the partition
// could be seen, since its beginning is deleted already.
type Found struct {
	Rest   []Missing
	Partly bool
}

// Missing is a batch that is not in the partition. Its bytes may be gone.
type Missing struct {
	Part
	Gone bool
}

// Unread answers Look when the partition could not be read, with Kafka's error
// code, or Lost.
type Unread struct{ Code int16 }

// Remembered answers AskProducer: what the partition's leader knows of the
// producer id, to the end of its log.
type Remembered struct {
	Known bool // else the rest is nothing
	Epoch int16
	Last  int32 // the number of the last record
	At    int64 // the timestamp of the last batch, Unix milliseconds
}

// Unasked answers AskProducer when the leader could not be asked, with Kafka's
// error code, or Lost.
type Unasked struct{ Code int16 }

// NewTopic says that the topic was deleted and made again, or is that of another
// cluster: its id is not the one that the lane sent to, in this run or before. It
// comes before the Up of the generation whose metadata showed it, or in place of
// Found or Remembered.
type NewTopic struct {
	Elsewhere bool // in another cluster
}

// Lost is the code of a connection that failed without an error code.
const Lost int16 = -100

// Action is something for the driver to do: GetPID, WritePID, WriteIntent,
// WriteAck, WriteSplit, WriteRebind, WriteSettling, WriteSending, Connect, Send,
// Close, Wait, Look, AskProducer, Remake, Free or Report. Actions are done in
// their order. A write that fails is tried again until it is done, before the
// next action.
type Action any

// GetPID asks for a producer id. Granted or GrantFailed answers.
type GetPID struct{}

// WritePID journals the producer id, durably.
type WritePID struct {
	PID   int64
	Epoch int16
}

// WriteIntent journals a batch that is about to be sent.
type WriteIntent struct{ Intent }

// WriteAck journals the ack of every un-acked batch up to and including the
// one at First.
type WriteAck struct {
	First  int32
	Offset int64 // of the record First, -1 unknown
}

// WriteSplit journals that Into takes the place of the un-acked batch at
// First, over the same numbers.
type WriteSplit struct {
	PID   int64
	Epoch int16
	First int32
	Into  []Bound
}

// WriteRebind journals, durably and as one record, that every un-acked batch
// is released, Into goes under the new producer id, and Gone is given up.
type WriteRebind struct {
	PID   int64
	Epoch int16
	Into  []Bound
	Gone  []Handle
	Cause string
}

// WriteSettling journals that the lane settles: a run that is started before the
// WriteRebind or WriteSending gets Cause as its Doubt, and From and Sent.
type WriteSettling struct {
	Cause string
	From  int64 // where what is not acked may begin in the partition, -1 unknown
	Sent  int64 // until when a request may have been on a connection, Unix milliseconds
}

// WriteSending journals that something is sent from now on: no run that is started
// later gets Sent of a WriteSettling or a Start before. A doubt of the Start stays.
type WriteSending struct{}

// Connect opens a connection to the partition's leader. Up or Down answers.
type Connect struct {
	Gen     int
	Refresh bool // ask for the metadata first: the leader may be another
	Own     bool // not one that other lanes use
}

// Send queues a request with the batch on generation Gen, behind what was
// queued there. Answer, Down or Gone answers.
type Send struct {
	Gen int
	Intent
}

// Close ends generation Gen: nothing more is sent on it, its answers are
// dropped, and the next generation is another connection.
type Close struct{ Gen int }

// Wait asks for a Timer in that many milliseconds, in place of any before it.
type Wait struct{ Millis int64 }

// Look asks what the partition has of the un-acked batches, from offset From on
// (-1: from before the oldest was made) to the end of the leader's log, once all
// of it is committed. Found or Unread answers.
type Look struct{ From int64 }

// AskProducer asks the partition's leader what it remembers of a producer id.
// Remembered or Unasked answers.
type AskProducer struct{ PID int64 }

// How says what Remake is to do.
type How uint8

const (
	Halve   How = iota + 1 // by records, the first half the larger: two parts
	Shorten                // the one record, kept whole as a dead letter that is durable before Remade
	Restamp                // with the present time
	Recode                 // with another codec
	Again                  // the same, from the lines' bytes
)

// Remake asks for the batch, which the broker refused with Code, in another
// form: new handles over the same numbers. Remade or Gone answers. After a
// Halve for its size, new batches should be at most half as large as it.
type Remake struct {
	Batch Handle
	How   How
	Code  int16
}

// Free says that the machine will not name the batch again.
type Free struct{ Batch Handle }

// Kind is what a Report is about.
type Kind uint8

const (
	Failing    Kind = iota + 1 // tried again and again for some seconds; nothing is lost
	Parked                     // a person is needed; tried again every 30 s
	Recovered                  // a broker took a batch again, after Failing or Parked
	Repeats                    // Records are sent again and may be in the topic already, which could not be read
	GivenUp                    // Records whose bytes are gone, and may not be in the topic
	Recreated                  // the topic was made again
	Unverified                 // with Doubt: what the journal lost may be repeated, since the topic could not be read
)

// Report is something for people: it comes when a thing begins and when it
// ends, not at every try.
type Report struct {
	Kind    Kind
	Code    int16  // Kafka's, or Lost; 0 when it is not about an answer
	Cause   string // of Repeats, GivenUp and Unverified
	Records int
}
