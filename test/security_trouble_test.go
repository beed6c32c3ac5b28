package test

import (
	"strings"
	"testing"
	"time"

	"tailrace/test/lines"
	"tailrace/test/pki"
)

// securityTrouble is something that is wrong, at one of the vault's listeners
// or, with "", its plain one.
type securityTrouble struct {
	name, listener, kafka string
	want                  []string // is said
}

// securityTroubles is what may be wrong, and what is said about it.
var securityTroubles = []securityTrouble{
	{"wrong-password", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: plain, username: tailrace, password: 5ecret}",
		[]string{`the broker does not accept the user "tailrace" or the password`, "Invalid username or password"}},
	{"wrong-scram-password", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: scram-sha-512, username: tailrace, password: 5ecret}",
		[]string{`the broker does not accept the user "tailrace" or the password`, "SCRAM-SHA-512"}},
	{"unknown-user", "SASLCLEAR", "sasl: {mechanism: scram-sha-256, username: nobody, password: 5ecret}",
		[]string{`the broker does not accept the user "nobody" or the password`}},
	{"wrong-token", "SASLCLEAR", "sasl: {mechanism: oauthbearer, token_file: <password>}",
		[]string{"the broker does not accept the token", "OAUTHBEARER"}},
	{"expired-token", "SASLCLEAR", "sasl: {mechanism: oauthbearer, token_file: <old-token>}",
		[]string{"the broker does not accept the token", "OAUTHBEARER"}},
	{"wrong-client-secret", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: oauthbearer, token_url: <token-url>, client_id: tailrace, client_secret: 5ecret}",
		[]string{"gives no token: invalid_client", "look at outputs.kafka.sasl.token_url"}},
	{"other-mechanism", "SASLCLEAR", "tls: false\nsasl: {mechanism: kerberos, principal: tailrace@EXAMPLE.COM, keytab: <token>}",
		[]string{"does not have the SASL mechanism GSSAPI; it has PLAIN"}},
	{"unknown-principal", "KERBEROS", "sasl: {mechanism: kerberos, principal: nobody@EXAMPLE.COM, keytab: <keytab>}",
		[]string{"Kerberos:", "nobody"}},
	{"old-keytab", "KERBEROS", "sasl: {mechanism: kerberos, principal: tailrace@EXAMPLE.COM, keytab: <old-keytab>}",
		[]string{"Kerberos:", "make the keytab anew"}},
	{"unknown-service", "KERBEROS", "sasl: {mechanism: kerberos, principal: tailrace@EXAMPLE.COM, keytab: <keytab>, service: other}",
		[]string{"Kerberos:", "the KDC does not know the broker"}},
	{"no-keytab", "KERBEROS", "sasl: {mechanism: kerberos, principal: tailrace@EXAMPLE.COM, keytab: <password>}",
		[]string{"is no keytab"}},
	{"other-authority", "TLS", "tls: {ca: <other.pem>}", []string{"has signed the broker's certificate", "CN=ours"}},
	{"system-authorities", "TLS", "tls: true", []string{"no authority this system trusts has signed the broker's certificate"}},
	{"expired", "EXPIRED", "tls: {ca: <ca.pem>}", []string{"the broker's certificate has expired on"}},
	{"other-name", "OTHER", "tls: {ca: <ca.pem>}", []string{"the broker's certificate is for kafka-1, not for 127.0.0.1"}},
	{"no-client-certificate", "MTLS", "tls: {ca: <ca.pem>}", []string{"the broker wants a client certificate"}},
	{"expired-client-certificate", "MTLS", "tls: {ca: <ca.pem>, certificate: <old-client.pem>, key: <old-client.key>}",
		[]string{"old-client.pem has expired on"}},
	{"TLS-to-plain", "", "tls: {ca: <ca.pem>}", []string{"this port is without TLS"}},
	{"SASL_SSL-to-SASL_PLAINTEXT", "SASLCLEAR", "tls: {ca: <ca.pem>}\nsasl: {mechanism: plain, username: tailrace, password_file: <password>}",
		[]string{"this port is without TLS"}},
	{"plain-to-TLS", "TLS", "", []string{"this port wants TLS: write"}},
	{"SASL_PLAINTEXT-to-SASL_SSL", "SASLTLS", "sasl: {mechanism: plain, username: tailrace, password_file: <password>}",
		[]string{"this port wants TLS: write"}},
	{"SASL-to-TLS", "TLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: plain, username: tailrace, password_file: <password>}",
		[]string{"this port is without SASL"}},
	{"plain-to-SASL", "SASLCLEAR", "", []string{"this port wants SASL; it has PLAIN"}},
	{"TLS-to-SASL_SSL", "SASLTLS", "tls: {ca: <ca.pem>}", []string{"this port wants SASL; it has PLAIN"}},
}

// check asks "tailrace check" what is wrong.
func (c securityTrouble) check(t *testing.T, v *vault) {
	addr := v.Addr
	if c.listener != "" {
		addr = v.Listeners[c.listener]
	}
	a := newAgent(t, config{broker: addr, kafka: v.expand(c.kafka), inputs: []input{{paths: []string{"/nowhere"}, topic: "t"}}})
	out, errs, status := command(t, "check", "--connect", "--config", a.conf)
	for _, want := range c.want {
		if status != 1 || !strings.Contains(out, want) {
			t.Errorf("status %d, not said: %s\n%s%s", status, want, out, errs)
		}
	}
	if strings.Contains(out+errs, "5ecret") {
		t.Errorf("shows a secret: %s%s", out, errs)
	}
	t.Log(out)
}

// A user gets another password at the brokers, and later in the file: the
// agent waits for it, and says so once.
func passwordChanges(t *testing.T, v *vault) {
	must(t, v.SetPassword("rotating", password))
	v.write("rotating", []byte(password))
	st := newStage(t, v.Broker, 1, seed(t), config{broker: v.Listeners["SASLTLS"],
		kafka: v.expand("tls: {ca: <ca.pem>}\nsasl: {mechanism: scram-sha-256, username: rotating, password_file: <rotating>}")})
	st.agent.start()
	stop := st.write(lines.Load{Rate: 200})
	st.begins()
	st.agent.healthy()
	must(t, v.SetPassword("rotating", password+"2"))
	st.agent.waitSaid(stalled, "level=ERROR", `the broker does not accept the user \"rotating\"`)
	v.write("rotating", []byte(password+"2"))
	st.agent.waitSaid(stalled, "level=INFO", "the broker can be used again")
	stop()
	st.exact()
	st.agent.troubles(1)
}

// The client's certificate has expired, and is replaced by one that has not.
func certificateChanges(t *testing.T, v *vault) {
	v.client("changing", pki.Leaf{To: time.Now().Add(-time.Minute)})
	st := newStage(t, v.Broker, 1, seed(t), config{broker: v.Listeners["MTLS"],
		kafka: v.expand("tls: {ca: <ca.pem>, certificate: <changing.pem>, key: <changing.key>}")})
	st.put(1000)
	st.agent.start()
	st.agent.waitSaid(stalled, "level=ERROR", "changing.pem has expired on")
	v.client("changing", pki.Leaf{})
	st.agent.waitSaid(stalled, "level=INFO", "the broker can be used again")
	st.exact()
	st.agent.troubles(1)
}

// begins waits until lines are in the topic.
func (st *stage) begins() {
	st.t.Helper()
	topic, err := lines.OpenTopic(st.broker.Bootstrap(), st.topic)
	must(st.t, err)
	defer topic.Close()
	until(st.t, stalled, "lines in the topic", func() bool {
		end, err := topic.End()
		return err == nil && end > 0
	})
}
