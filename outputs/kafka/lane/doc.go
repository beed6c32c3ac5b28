// Package lane is the exactly-once state machine of one topic-partition.
//
// It is pure: events go in, actions come out. It has no clock, no socket and
// no disk, and knows a batch only by a handle, its sequence numbers and its
// count, so that the same code runs in the agent and under the model test that
// tries every interleaving.
//
// A Kafka broker drops a batch that has the producer id, epoch and sequence
// numbers of one of the last five that it took. So the journal gets the numbers
// of a batch before it is sent, and after a crash it is sent again with them.
// Three facts make more of it than that. A broker that knows nothing of a
// producer id takes any first number. After a restart a broker remembers one
// batch, not five. And a request on a connection that was closed may still be
// taken, any time later.
//
// The invariants:
//
//   - I1: (producer id, epoch, number) is bound to one record for ever. Only
//     the cut into batches may change, by Remake.
//   - I2: a partition gets another producer id only when every number bound
//     under the former one is acked or found in the partition, or is known not
//     to be there and never to come.
//   - I3: the un-acked batches are contiguous, and each is in the journal
//     before it is handed to a connection.
//   - I4: warm means that a batch of this producer id was acked less than
//     warmFor ago, or that the leader said so then: it remembers the id.
//
// The rules, by the numbers that comments use; rules.go has the histories that
// go wrong without them:
//
//   - L1: a producer id is journalled, durably, before the first send under it.
//   - L2: one batch is under way until the first NONE of a producer id, then up
//     to Window, in order, on one connection.
//   - L3: a NONE acks its batch, and when warm all before it.
//   - L4: any other answer, or a lost connection, ends the connection, and its
//     answers are forgotten.
//   - L5: then the batches are sent again on another, oldest first, one under
//     way until its NONE; with back-off, for ever.
//   - L6: a gap (45) at the head of a warm stream is looked into by a scan from
//     the newest batch down. For a cold one the leader is asked (L7).
//   - L7: a start sends again what the journal has un-acked. Where the broker
//     may have forgotten, it is asked whether it has: then, and where the journal
//     may not know all, the lane settles.
//   - L8: when all of that is acked, new lines get a fresh producer id.
//   - L9: to settle is to give up asking the broker by sending: the lane waits
//     until nothing that was sent can arrive any more. A connection on which
//     nothing was left to be answered delivers nothing.
//     That it settles is in the journal: another start goes on with the wait.
//   - L10: then the partition is read back, from what was acked last to the end
//     of the leader's log, and not before all of that is committed. What is not
//     there goes under a fresh producer id. Where reading is not allowed, all is
//     sent again, and reported as possible repeats.
//   - L11: an offset that is not above the last one acked proves nothing, but
//     for the first batch of a producer id that was got in this run.
//
// The model finds no harm in sending again on the connection of a refusal, as
// long as L2 and L5 hold. L4 is there because the state of a connection that
// failed is unknown.
package lane
