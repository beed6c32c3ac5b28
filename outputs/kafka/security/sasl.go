package security

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
)

// Kafka's error codes of SASL.
const (
	unsupportedMechanism = 33
	illegalState         = 34
	authenticationFailed = 58
)

// authenticator proves to a broker who this client is.
type authenticator struct {
	SASL
	mechanism sasl.Mechanism
	tokens    *tokens // of OAuthBearer
}

// authenticate runs the mechanism on a connection, and returns after how long
// the broker wants it again; 0: never.
func (a *authenticator) authenticate(ctx context.Context, s *session) (time.Duration, error) {
	name := a.mechanism.Name()
	code, offered, err := s.handshake(name)
	if err != nil {
		return 0, s.broken(err)
	}
	if e := a.unsuited(s.addr, code, offered); e != nil {
		return 0, e
	}
	// Secrets are read, and tokens fetched, before the broker waits for them.
	steps, message, err := a.mechanism.Authenticate(ctx, s.addr)
	if err != nil {
		return 0, a.unable(s.addr, err)
	}
	for {
		answer, err := s.exchange(message)
		if err != nil {
			return 0, s.broken(err)
		}
		if answer.Code != 0 {
			a.refused()
			return 0, a.rejected(s.addr, answer.Code, answer.Text)
		}
		lifetime := time.Duration(answer.Lifetime) * time.Millisecond
		if a.Mechanism == OAuthBearer && len(answer.Message) > 0 {
			// RFC 7628, section 3.2.3: the client has to give in, and only
			// then the broker says that it failed.
			_, _ = s.exchange([]byte{1})
			a.refused()
			return 0, a.rejected(s.addr, authenticationFailed, string(answer.Message))
		}
		done, next, err := steps.Challenge(answer.Message)
		switch {
		case err != nil:
			return 0, &Error{s.addr, fmt.Sprintf("the broker does not prove that it knows this client: %v", err),
				"look whether this address is a broker of yours"}
		case done && len(next) == 0:
			return lifetime, nil
		}
		// The last message of Kerberos is written when this side is done.
		if message = next; done {
			steps = finished{}
		}
	}
}

// finished is a mechanism that waits only for the broker's consent.
type finished struct{}

func (finished) Challenge([]byte) (bool, []byte, error) { return true, nil, nil }

// refused forgets what the broker did not accept.
func (a *authenticator) refused() {
	if a.tokens != nil {
		a.tokens.forget()
	}
}

// broken is an error of the connection while it authenticates.
func (s *session) broken(err error) error {
	if hungUp(err) {
		return &Broken{"it hung up during SASL authentication", err}
	}
	return &Broken{"SASL authentication", err}
}

// unsuited says that the listener does not have the mechanism.
func (a *authenticator) unsuited(addr string, code int16, offered []string) error {
	name := a.mechanism.Name()
	switch code {
	case 0:
		return nil
	case unsupportedMechanism:
		return &Error{addr, fmt.Sprintf("this port does not have the SASL mechanism %s; it has %s", name, strings.Join(offered, ", ")),
			"correct outputs.kafka.sasl.mechanism, or sasl.enabled.mechanisms of the broker"}
	case illegalState:
		return &Error{addr, "this port is without SASL",
			"use the broker's port for SASL, or leave outputs.kafka.sasl out"}
	}
	return &Error{addr, fmt.Sprintf("the broker refuses the SASL handshake with error %d", code), "look at the broker's log"}
}

// rejected says that the broker does not accept who this client says it is.
func (a *authenticator) rejected(addr string, code int16, text string) error {
	if text == "" {
		text = fmt.Sprintf("error %d", code)
	}
	problem, advice := "the broker does not accept this client", "look at the broker's log"
	switch a.Mechanism {
	case Plain, SCRAM256, SCRAM512:
		problem = fmt.Sprintf("the broker does not accept the user %q or the password", a.Username)
		advice = "correct outputs.kafka.sasl.username or password; a password_file is read again at each try"
	case OAuthBearer:
		problem = "the broker does not accept the token"
		advice = "look at the token's audience, scope and end, at the clocks of both hosts, and at the broker's log"
	case AWSMSKIAM:
		problem = "the broker does not accept the AWS credentials"
		advice = "allow kafka-cluster:Connect in the policy of the role, and look at the clock of this host"
	case Kerberos:
		problem = fmt.Sprintf("the broker does not accept the principal %s", a.Principal)
		advice = "look at the broker's keytab and sasl.kerberos.service.name, at the clocks of both hosts, and at the broker's log"
	}
	return &Error{addr, problem + " (" + a.mechanism.Name() + "; it says: " + oneLine(text) + ")", advice}
}

// unable says that this side has nothing to show to the broker.
func (a *authenticator) unable(addr string, err error) error {
	advice := "correct outputs.kafka.sasl, or the file"
	switch a.Mechanism {
	case OAuthBearer:
		if a.TokenURL != "" {
			advice = "look at outputs.kafka.sasl.token_url, client_id and client_secret"
		}
	case AWSMSKIAM:
		advice = "give this host a role or credentials, as for any AWS program"
	case Kerberos:
		return &Error{addr, "Kerberos: " + oneLine(err.Error()), kerberosAdvice(err.Error())}
	}
	return &Error{addr, "cannot authenticate: " + oneLine(err.Error()), advice}
}

// kerberosAdvice is what to do about a refusal of the key distribution centre.
func kerberosAdvice(text string) string {
	for _, known := range []struct{ code, advice string }{
		{"KRB_AP_ERR_SKEW", "the clocks of this host and of the KDC differ: correct them"},
		{"KDC_ERR_C_PRINCIPAL_UNKNOWN", "the KDC does not know this principal: correct outputs.kafka.sasl.principal"},
		{"KDC_ERR_S_PRINCIPAL_UNKNOWN", "the KDC does not know the broker: its principal is SERVICE/HOST with the host name of outputs.kafka.brokers and advertised.listeners"},
		{"KDC_ERR_PREAUTH_FAILED", "the key is wrong: make the keytab anew, or correct the password"},
		{"decrypting", "the key is wrong: make the keytab anew, or correct the password"},
	} {
		if strings.Contains(text, known.code) {
			return known.advice
		}
	}
	return "look at outputs.kafka.sasl.principal and keytab, at /etc/krb5.conf (or $KRB5_CONFIG), and whether the KDC can be reached"
}

// oneLine keeps what others say on one line of a log, and short.
func oneLine(s string) string {
	const most = 300 // bytes
	s = strings.Join(slices.Collect(strings.FieldsSeq(s)), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
