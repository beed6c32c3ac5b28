package lane

// rule names a decision that exactly-once rests on. A machine keeps all of
// them. The model test takes them away one by one, and must see the history
// that each is there for go wrong.
type rule uint16

const (
	// One batch under way until the first NONE of a producer id: a broker
	// without state for an id takes any first number. Three sent, the first
	// refused, the second taken: the first is refused for ever.
	firstAlone rule = 1 << iota
	// The same for the parts of a batch that was cut: the first part refused
	// for another reason, the second taken.
	partsAlone
	// The intent is journalled before the request is queued: killed between,
	// the lines would be read again as new.
	intentFirst
	// On 45 at the head of a warm stream, look for the newest batch that
	// arrived: a broker that was restarted remembers but the last one.
	scanOnGap
	// Only when warm: a failover may drop the un-acked batches of a cold
	// stream during the scan, and the newest is taken as the first.
	scanWarm
	// A NONE that a scan finds acks the batches before it too: the broker does
	// not remember those, and would refuse them for ever.
	ackAll
	// A gap that no scan explains ends in a rebind: tried again, it would be
	// refused for ever.
	gapEnds
	// What was un-acked in the journal is acked under its old numbers before
	// the lane gets another producer id: under that, the broker would not drop
	// what it has.
	replayFirst
	// After the replay, new lines get a fresh producer id: on a machine that
	// was rolled back, the next numbers may be bound to other lines already.
	freshID
	// What a broker may have forgotten is no exact repeat: it is looked for.
	heedDoubt
	// A producer id that the leader does not know was forgotten, or nothing under
	// it ever arrived: sent again, a batch would be taken in either case.
	heedAbsence
	// A lane that settles waits first: an old connection could deliver what was
	// not there when the partition was read.
	settleFirst
	// Only a connection on which nothing is left to be answered delivers nothing
	// any more: the wait is counted from when another one was closed.
	heedOpen
	// A rebind is one record: torn, a part of what it released would be read
	// as new, and nobody told.
	rebindWhole
	// A batch with old timestamps goes alone, and not again before it was looked
	// for: the broker may forget its producer id at any moment.
	heedStamps
	// A lane that settled says so in the journal before it sends again: a start
	// would take the wait for over that was for what was sent before.
	noteSends
)

func (m *Machine) keeps(r rule) bool { return m.without&r == 0 }
