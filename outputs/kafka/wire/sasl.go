package wire

import "encoding/binary"

// Keys of the requests that authenticate a connection. They are spoken in
// version 1 where the broker has it (Kafka 2.2), without flexible fields:
// https://kafka.apache.org/protocol#sasl_handshake
const (
	saslHandshakeKey    = 17
	SASLAuthenticateKey = 36
)

// AppendSASLHandshake appends the request that chooses a mechanism, beginning
// with its size in four bytes.
func AppendSASLHandshake(dst []byte, correlation int32, clientID, mechanism string) []byte {
	return appendRequest(dst, saslHandshakeKey, 1, correlation, clientID, func(dst []byte) []byte {
		return appendString(dst, mechanism)
	})
}

// ParseSASLHandshake reads the answer to it: Kafka's error code, and the
// mechanisms that the broker has.
func ParseSASLHandshake(body []byte) (code int16, mechanisms []string, err error) {
	r := &reader{p: body}
	code = r.int16()
	for n := r.length(false, 2); n > 0 && r.err == nil; n-- {
		mechanisms = append(mechanisms, r.string(false))
	}
	return code, mechanisms, r.err
}

// AppendSASLAuthenticate appends the request with one message of a mechanism,
// in version 0 or 1.
func AppendSASLAuthenticate(dst []byte, version int16, correlation int32, clientID string, message []byte) []byte {
	return appendRequest(dst, SASLAuthenticateKey, version, correlation, clientID, func(dst []byte) []byte {
		return append(appendInt32(dst, int32(len(message))), message...)
	})
}

// SASLAnswer is a broker's answer to a message of a mechanism.
type SASLAnswer struct {
	Code     int16  // Kafka's error code
	Text     string // of the error
	Message  []byte // of the mechanism
	Lifetime int64  // ms after which the connection must have been authenticated again; 0: never
}

// ParseSASLAuthenticate reads the answer in version 0 or 1.
func ParseSASLAuthenticate(version int16, body []byte) (SASLAnswer, error) {
	r := &reader{p: body}
	a := SASLAnswer{Code: r.int16(), Text: r.string(false)}
	if n := r.length(false, 1); n > 0 {
		a.Message = r.take(n)
	}
	if version >= 1 {
		a.Lifetime = r.int64()
	}
	return a, r.err
}

// appendRequest appends a request with its size and header.
func appendRequest(dst []byte, key, version int16, correlation int32, clientID string, body func([]byte) []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = body(appendRequestHeader(dst, key, version, correlation, clientID))
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}
