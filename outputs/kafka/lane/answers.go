package lane

// verdict is what a refusal means for the lane.
type verdict uint8

const (
	again     verdict = iota // unknown outcome, or not now: the same numbers once more, for ever
	missing                  // as again, but a person is needed when it lasts
	park                     // a person is needed
	gap                      // the number is not the next one that the broker expects
	unknownID                // the broker forgot the producer id
	fenced                   // somebody else uses the producer id
	corrupt                  // damaged on its way: encoded again a few times
	tooLarge                 // halved, and a single record shortened
	badTime                  // stamped anew
	badValue                 // halved, and a single record shortened
	badCodec                 // another codec
)

// own is set with verdicts that may last while the broker is well: the lane
// would hold up the others on its connection.
type answer struct {
	verdict verdict
	own     bool
}

// answers is the table of Kafka's error codes. What is not in it has an
// unknown outcome, and is sent again.
//
// The codes that are certain to mean "this copy was not appended" are few (2,
// 10, 18, 19, 29, 32, 44, 45, 47, 87), and an older copy on an older
// connection may still be. So no rule rests on that.
var answers = map[int16]answer{
	Lost: {again, true}, // lost, timed out, could not be opened
	-1:   {again, false},
	5:    {again, false},     // LEADER_NOT_AVAILABLE
	6:    {again, false},     // NOT_LEADER_OR_FOLLOWER
	7:    {again, true},      // REQUEST_TIMED_OUT
	13:   {again, false},     // NETWORK_EXCEPTION
	14:   {again, false},     // COORDINATOR_LOAD_IN_PROGRESS
	15:   {again, false},     // COORDINATOR_NOT_AVAILABLE
	16:   {again, false},     // NOT_COORDINATOR
	19:   {again, true},      // NOT_ENOUGH_REPLICAS
	20:   {again, true},      // NOT_ENOUGH_REPLICAS_AFTER_APPEND
	56:   {again, true},      // KAFKA_STORAGE_ERROR
	72:   {again, false},     // LISTENER_NOT_FOUND
	74:   {again, false},     // FENCED_LEADER_EPOCH
	75:   {again, false},     // UNKNOWN_LEADER_EPOCH
	89:   {again, false},     // THROTTLING_QUOTA_EXCEEDED
	37:   {again, false},     // INVALID_PARTITIONS: the driver found fewer
	3:    {missing, false},   // UNKNOWN_TOPIC_OR_PARTITION
	100:  {missing, false},   // UNKNOWN_TOPIC_ID
	17:   {park, false},      // INVALID_TOPIC_EXCEPTION
	21:   {park, false},      // INVALID_REQUIRED_ACKS
	29:   {park, false},      // TOPIC_AUTHORIZATION_FAILED
	31:   {park, false},      // CLUSTER_AUTHORIZATION_FAILED
	33:   {park, false},      // UNSUPPORTED_SASL_MECHANISM
	34:   {park, false},      // ILLEGAL_SASL_STATE
	35:   {park, false},      // UNSUPPORTED_VERSION
	42:   {park, false},      // INVALID_REQUEST
	43:   {park, false},      // UNSUPPORTED_FOR_MESSAGE_FORMAT
	53:   {park, false},      // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
	58:   {park, false},      // SASL_AUTHENTICATION_FAILED
	45:   {gap, false},       // OUT_OF_ORDER_SEQUENCE_NUMBER
	47:   {fenced, false},    // INVALID_PRODUCER_EPOCH
	59:   {unknownID, false}, // UNKNOWN_PRODUCER_ID: brokers before 2.5
	90:   {fenced, false},    // PRODUCER_FENCED
	2:    {corrupt, false},   // CORRUPT_MESSAGE
	10:   {tooLarge, false},  // MESSAGE_TOO_LARGE
	18:   {tooLarge, false},  // RECORD_LIST_TOO_LARGE
	32:   {badTime, false},   // INVALID_TIMESTAMP
	44:   {badValue, false},  // POLICY_VIOLATION
	87:   {badValue, false},  // INVALID_RECORD
	76:   {badCodec, false},  // UNSUPPORTED_COMPRESSION_TYPE
}

// taken reports whether the code says that the batch is in the log: NONE, also
// for a repeat, or DUPLICATE_SEQUENCE_NUMBER of old brokers.
func taken(code int16) bool { return code == 0 || code == 46 }

// speaksOfContent reports whether the broker refuses the batch for what it is,
// which it looks at before the sequence number: a batch that is in the log
// already may be refused so after the topic's settings were changed.
func (v verdict) speaksOfContent() bool { return v >= tooLarge }
