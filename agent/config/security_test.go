package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"tailrace/outputs/kafka/security"
)

// kafkaOf loads a configuration whose outputs.kafka has more.
func kafkaOf(t *testing.T, more string) (*Kafka, error) {
	t.Helper()
	if !strings.HasPrefix(more, "brokers:") {
		more = "brokers: [b]\n" + more
	}
	cfg, err := Load(write(t, map[string]string{
		"config.yaml": "inputs: [{paths: [/a], topic: a}]\noutputs:\n  kafka:\n    " +
			strings.ReplaceAll(more, "\n", "\n    ") + "\n",
	}))
	if err != nil {
		return nil, err
	}
	return cfg.Outputs.Kafka, nil
}

func TestSecurity(t *testing.T) {
	t.Setenv("TR_PASSWORD", "hunter2")
	for _, test := range []struct {
		yaml string
		want security.Options
	}{
		{"tls: true", security.Options{TLS: &security.TLS{}}},
		{"tls: false", security.Options{}},
		{"tls: {ca: /ca.pem, certificate: cert, key: key, server_name: kafka}",
			security.Options{TLS: &security.TLS{CA: "/ca.pem", Certificate: "cert", Key: "key", ServerName: "kafka"}}},
		{"sasl: {mechanism: PLAIN, username: u, password: '${TR_PASSWORD}'}",
			security.Options{SASL: &security.SASL{Mechanism: "plain", Username: "u", Password: security.NewSecret("hunter2")}}},
		{"sasl: {mechanism: scram-sha-256, username: u, password: 0123}", // a number to YAML
			security.Options{SASL: &security.SASL{Mechanism: "scram-sha-256", Username: "u", Password: security.NewSecret("0123")}}},
		{"sasl: {mechanism: SCRAM-SHA-512, username: u, password_file: pw}",
			security.Options{SASL: &security.SASL{Mechanism: "scram-sha-512", Username: "u", Password: security.SecretFile("pw")}}},
		{"sasl: {mechanism: oauthbearer, token_file: /token}",
			security.Options{SASL: &security.SASL{Mechanism: "oauthbearer", Token: security.SecretFile("/token")}}},
		{"sasl: {mechanism: oauthbearer, token_url: 'https://a/t', client_id: c, client_secret_file: s, scopes: [a, b], extensions: {logicalCluster: lkc-1}}",
			security.Options{SASL: &security.SASL{Mechanism: "oauthbearer", TokenURL: "https://a/t", ClientID: "c",
				ClientSecret: security.SecretFile("s"), Scopes: []string{"a", "b"}, Extensions: map[string]string{"logicalCluster": "lkc-1"}}}},
		{"tls: true\nsasl: {mechanism: AWS_MSK_IAM}", security.Options{TLS: &security.TLS{}, SASL: &security.SASL{Mechanism: "aws-msk-iam"}}},
		{"sasl: {mechanism: GSSAPI, principal: a@B, keytab: /k}",
			security.Options{SASL: &security.SASL{Mechanism: "kerberos", Principal: "a@B", Keytab: "/k", Service: "kafka"}}},
	} {
		k, err := kafkaOf(t, test.yaml)
		if err != nil {
			t.Errorf("%s\n%v", test.yaml, err)
		} else if !reflect.DeepEqual(k.Security, test.want) {
			t.Errorf("%s\ngot %+v %+v", test.yaml, k.Security.TLS, k.Security.SASL)
		}
	}
}

// What is wrong is said, and nothing that may be a password.
func TestSecurityProblems(t *testing.T) {
	t.Setenv("TR_PASSWORD", "hunter2")
	t.Setenv("TR_LONG", strings.Repeat("hunter2", 20))
	t.Setenv("TR_QUOTED", `a "hunter2"\\b`)
	for _, test := range []struct{ yaml, want string }{
		{"tls: yes please", "outputs.kafka.tls: expected true, or keys with values"},
		{"tls: {certificate: /c}", "outputs.kafka.tls.key: missing"},
		{"tls: {key: /c}", "outputs.kafka.tls.certificate: missing"},
		{"tls: {ca: pem/ca}", "tls.ca: is a relative path"},
		{"tls: {insecure_skip_verify: true}", "a broker's certificate is always verified"},
		{"ssl: true", `did you mean "tls"?`},
		{"security.protocol: SASL_SSL", `did you mean "tls: true"`},
		{"password: hunter2", `did you mean "sasl: {mechanism`},
		{"sasl: hunter2", "expected keys with values"},
		{"sasl: {username: u}", "sasl.mechanism: missing"},
		{"sasl: {mechanism: scram}", "did you mean scram-sha-256?"},
		{"sasl: {mechanism: hunter2}", "is not one of plain"},
		{"sasl: {mechanism: plain, password: hunter2}", "sasl.username: missing"},
		{"sasl: {mechanism: plain, username: u}", "sasl.password_file: missing"},
		{"sasl: {mechanism: plain, username: u, password: hunter2, password_file: /a}", "excludes password_file"},
		{"sasl: {mechanism: plain, username: u, password: ''}", "sasl.password: is empty"},
		{"sasl: {mechanism: plain, username: u, password: [hunter2]}", "found a list"},
		{"sasl: {mechanism: plain, username: u, password: 'hunter2${'}", "is not a variable"},
		{"sasl: {mechanism: plain, username: u, password: '${hunter2!}'}", "is not a variable"},
		{"sasl: {mechanism: plain, username: u, password: hunter2, keytab: /k}", "sasl.keytab: is not for the mechanism plain"},
		{"sasl: {mechanism: plain, username: u, pasword: hunter2}", `did you mean "password"?`},
		{"sasl: {mechanism: plain, username: 0x1f, password: hunter2}", `write it in quotes: "***"`},
		{"sasl: {mechanism: oauthbearer}", "sasl.token_file: missing"},
		{"sasl: {mechanism: oauthbearer, token_url: 'https://a'}", "sasl.client_id: missing"},
		{"sasl: {mechanism: oauthbearer, token_url: 'https://a', client_id: a}", "sasl.client_secret_file: missing"},
		{"sasl: {mechanism: oauthbearer, token_url: 'https://a:hunter2@b', client_id: a, client_secret: hunter2}", "has a user in it"},
		{"sasl: {mechanism: oauthbearer, token_url: 'hunter2', client_id: a, client_secret: hunter2}", "is not an address"},
		{"sasl: {mechanism: aws-msk-iam}", "needs TLS"},
		{"sasl: {mechanism: aws-msk-iam, secret_key: hunter2}", "it is found as by any AWS program"},
		{"sasl: {mechanism: kerberos, principal: a, keytab: /k}", "is not a principal"},
		{"brokers: ['me:hunter2@a:9092']", "an address has no user or password in it"},
		{"brokers: ['kafka://me:hunter2@a']", "an address has no user or password in it"},
		{"sasl: {mechanism: plain, username: u, password:hunter2}", "sasl.password: unknown key; if a value is to follow, write a blank behind the colon"},
		{"password:hunter2: x", "outputs.kafka.password: unknown key; if a value"},
		{"brokers: ['${TR_PASSWORD}/']", `"${TR_PASSWORD}/" is not the name or address of a host`},
		{"compression: '${TR_PASSWORD}'", `"${TR_PASSWORD}" is not one of`},
		{"client_id: '${TR_PASSWORD} '", `"${TR_PASSWORD} " has blanks at an end`},
		{"partitioner: '${TR_LONG}'", `"${TR_LONG}`},
		{"sasl: {mechanism: kerberos, keytab: /k, principal: '${TR_QUOTED}'}", `"${TR_QUOTED}" is not a principal`},
		{"sasl: {mechanism: kerberos, principal: a@B}", "sasl.keytab: missing"},
	} {
		_, err := kafkaOf(t, test.yaml)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "found a single value hunter2") {
			t.Errorf("%s\ngot %v, want %s", test.yaml, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s\nshows the password: %v", test.yaml, err)
		}
	}
}

// However a configuration is printed, its secrets are not.
func TestSecretsAreNotPrinted(t *testing.T) {
	k, err := kafkaOf(t, "sasl: {mechanism: plain, username: u, password: hunter2}")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "k", k, "sasl", k.Security.SASL, "password", k.Security.SASL.Password)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "k", k, "sasl", k.Security.SASL, "password", k.Security.SASL.Password)
	as, _ := json.Marshal(k)
	sasl := *k.Security.SASL
	text := log.String() + string(as) + k.Security.Words()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text += fmt.Sprintf(verb+verb+verb, sasl, sasl.Password, &sasl)
	}
	for _, secret := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprint([]byte("hunter2"))} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown in %s", secret, text)
		}
	}
	if !strings.Contains(string(as), `"Password":"***"`) {
		t.Errorf("as JSON: %s", as)
	}
}
