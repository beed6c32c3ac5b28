package security

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"tailrace/outputs/kafka/wire"
)

// answerMax bounds an answer, in bytes; those to these requests have some
// hundreds.
const answerMax = 1 << 20

// session asks a broker, one request after the other. One goroutine.
type session struct {
	net.Conn
	addr     string
	clientID string
	tls      *TLS // nil: the connection is not encrypted
	last     int32
	versions map[int16]int16 // the newest of each request
}

// hello is the first request, which every listener answers. With TLS 1.3 it is
// only the answer that tells whether the broker takes the client's certificate.
func (s *session) hello() error {
	s.last++
	body, err := s.ask(wire.AppendApiVersions(nil, s.last, s.clientID))
	if err != nil {
		return s.explain(err)
	}
	s.versions, err = wire.ParseApiVersions(body)
	return err
}

// ask writes a request and returns the answer's body.
func (s *session) ask(request []byte) ([]byte, error) {
	if _, err := s.Write(request); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(s, head[:]); err != nil {
		return nil, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if s.tls == nil && speaksTLS(head[:]) { // an alert has 7 bytes
		return nil, errSpeaksTLS
	}
	if size < 4 || size > answerMax {
		return nil, fmt.Errorf("an answer of %d bytes: this is not a Kafka broker", size)
	}
	if _, err := io.ReadFull(s, head[:]); err != nil {
		return nil, err
	}
	if got := int32(binary.BigEndian.Uint32(head[:])); got != s.last {
		return nil, fmt.Errorf("an answer to request %d instead of %d", got, s.last)
	}
	body := make([]byte, size-4)
	_, err := io.ReadFull(s, body)
	return body, err
}

// handshake chooses the mechanism.
func (s *session) handshake(mechanism string) (code int16, offered []string, err error) {
	s.last++
	body, err := s.ask(wire.AppendSASLHandshake(nil, s.last, s.clientID, mechanism))
	if err != nil {
		return 0, nil, err
	}
	return wire.ParseSASLHandshake(body)
}

// exchange sends one message of the mechanism.
func (s *session) exchange(message []byte) (wire.SASLAnswer, error) {
	version := min(s.versions[wire.SASLAuthenticateKey], 1)
	s.last++
	body, err := s.ask(wire.AppendSASLAuthenticate(nil, version, s.last, s.clientID, message))
	if err != nil {
		return wire.SASLAnswer{}, err
	}
	return wire.ParseSASLAuthenticate(version, body)
}
