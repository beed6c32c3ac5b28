package security

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// fake is a listener with SASL that answers as Kafka does: kfake hangs up where
// Kafka says why it refuses.
type fake struct {
	mechanisms []string // that it has; none: a listener without SASL
	take       func(message []byte) (code int16, text string, answer []byte)
	lifetime   int64 // ms
	version    int16 // newest of SaslAuthenticate
}

const metadata = 3 // key of a request

// start serves until the test ends.
func (f *fake) start(t *testing.T) string {
	t.Helper()
	return listen(t, f.serve)
}

// listen serves each connection to the address that it returns until the test
// ends.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String()
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		request := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(c, request); err != nil {
			return
		}
		key, correlation := binary.BigEndian.Uint16(request), request[4:8]
		client := binary.BigEndian.Uint16(request[8:])
		if key == metadata && f.mechanisms != nil {
			return // not before it knows who asks
		}
		answer, more := f.answer(int16(key), request[10+client:])
		answer = append(bytes.Clone(correlation), answer...)
		_, _ = c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...))
		if !more {
			return
		}
	}
}

// answer is one answer's body, and whether the connection goes on.
func (f *fake) answer(key int16, body []byte) (answer []byte, more bool) {
	be := binary.BigEndian
	switch key {
	case 18: // ApiVersions
		answer = be.AppendUint32(be.AppendUint16(nil, 0), 1)
		return be.AppendUint16(be.AppendUint16(be.AppendUint16(answer, 36), 0), uint16(f.version)), true
	case 17: // SaslHandshake
		code := uint16(unsupportedMechanism)
		name := string(body[2:])
		for _, m := range f.mechanisms {
			if m == name {
				code = 0
			}
		}
		if f.mechanisms == nil {
			code = illegalState
		}
		answer = be.AppendUint32(be.AppendUint16(nil, code), uint32(len(f.mechanisms)))
		for _, m := range f.mechanisms {
			answer = append(be.AppendUint16(answer, uint16(len(m))), m...)
		}
		return answer, code == 0
	}
	code, text, message := f.take(body[4:])
	answer = be.AppendUint16(nil, uint16(code))
	if text == "" {
		answer = be.AppendUint16(answer, 0xffff) // null
	} else {
		answer = append(be.AppendUint16(answer, uint16(len(text))), text...)
	}
	answer = append(be.AppendUint32(answer, uint32(len(message))), message...)
	if f.version >= 1 {
		answer = be.AppendUint64(answer, uint64(f.lifetime))
	}
	return answer, code == 0
}

// plainBroker takes one password, which may change.
func plainBroker(password *string) *fake {
	return &fake{mechanisms: []string{"PLAIN"}, version: 2, take: func(m []byte) (int16, string, []byte) {
		if string(m) == "\x00u\x00"+*password {
			return 0, "", nil
		}
		return authenticationFailed, "Authentication failed: Invalid username or password", nil
	}}
}
