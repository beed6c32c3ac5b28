package security

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// endpoint gives tokens for a secret that may change, and counts them.
type endpoint struct {
	*httptest.Server
	secret atomic.Pointer[string]
	given  atomic.Int32
}

func newEndpoint(t *testing.T, secret string) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.secret.Store(&secret)
	e.Server = httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/elsewhere":
		http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
	case r.URL.Path == "/page":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
	case r.URL.Path == "/broken":
		http.Error(w, "out of "+secret, http.StatusBadGateway)
	case r.URL.Path == "/echo":
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error": "invalid_client", "error_description": "not %s"}`, cmp.Or(secret, r.FormValue("client_secret")))
	case id != "me" || secret != *e.secret.Load():
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error": "invalid_client", "error_description": "unknown"}`)
	case r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "a b":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_request"}`)
	default:
		fmt.Fprintf(w, `{"access_token": "t%d", "token_type": "bearer", "expires_in": 3600}`, e.given.Add(1))
	}
}

// A token is asked for once while it is good, and again when a broker refused
// it; the secret is read each time.
func TestTokens(t *testing.T) {
	y := newYard(t)
	e := newEndpoint(t, "one")
	s := &SASL{Mechanism: OAuthBearer, TokenURL: e.URL, ClientID: "me", ClientSecret: SecretFile(y.write("secret", []byte("one\n"))), Scopes: []string{"a", "b"}}
	tokens := newTokens(s, nil)
	want := func(want, problem string) {
		t.Helper()
		got, err := tokens.token(t.Context())
		if got != want || (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Fatalf("got %q, %v, want %q %s", got, err, want, problem)
		}
	}
	want("t1", "")
	want("t1", "")
	tokens.forget()
	want("t2", "")
	two := "two"
	e.secret.Store(&two)
	tokens.forget()
	want("", "invalid_client unknown")
	y.write("secret", []byte("two"))
	want("t3", "")
}

// What an endpoint says is told, but for what may be secret.
func TestTokenProblems(t *testing.T) {
	e := newEndpoint(t, "right")
	for _, test := range []struct{ url, secret, want string }{
		{e.URL, "5ecret", "gives no token: invalid_client unknown"},
		{e.URL + "/elsewhere", "5ecret", "gives no token: status 307"},
		{e.URL + "/page", "5ecret", "gives no token"},
		{e.URL + "/broken", "5ecret", "gives no token: status 502"},
		{e.URL + "/echo", "5ecret", "gives no token: invalid_client not ***"},
		{e.URL + "/broken?key=5ecret#5ecret", "5ecret", "/broken gives no token: status 502"},
		{"http://127.0.0.1:1", "5ecret", "cannot be asked for a token: dial tcp"},
	} {
		s := &SASL{Mechanism: OAuthBearer, TokenURL: test.url, ClientID: "me", ClientSecret: NewSecret(test.secret), Scopes: []string{"a", "b"}}
		_, err := newTokens(s, nil).token(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "5ecret") {
			t.Errorf("%s: got %v, want %q", test.url, err, test.want)
		}
	}
}

// A token that a broker refuses is not shown again.
func TestRefusedToken(t *testing.T) {
	e := newEndpoint(t, "right")
	f := &fake{mechanisms: []string{"OAUTHBEARER"}, version: 2, take: func(m []byte) (int16, string, []byte) {
		switch {
		case string(m) == "\x01":
			return authenticationFailed, "{}", nil
		case strings.Contains(string(m), "t1"):
			return 0, "", []byte(`{"status":"invalid_token"}`)
		}
		return 0, "", nil
	}}
	addr := f.start(t)
	g, _ := guard(Options{SASL: &SASL{
		Mechanism: OAuthBearer, TokenURL: e.URL, ClientID: "me", ClientSecret: NewSecret("right"), Scopes: []string{"a", "b"},
	}})
	if _, err := connect(g, addr); err == nil {
		t.Error("the first token is taken")
	}
	g.wait(holdOff)
	c, err := connect(g, addr)
	must(t, err)
	c.Close()
}

// The file with a token is read for each connection.
func TestTokenFile(t *testing.T) {
	y := newYard(t)
	seen := make(chan string, 2)
	f := &fake{mechanisms: []string{"OAUTHBEARER"}, version: 2, take: func(m []byte) (int16, string, []byte) {
		seen <- string(m)
		return 0, "", nil
	}}
	addr := f.start(t)
	g, _ := guard(Options{SASL: &SASL{Mechanism: OAuthBearer, Token: SecretFile(y.file("token")), Extensions: map[string]string{"logicalCluster": "lkc-1"}}})
	for _, token := range []string{"one", "two"} {
		y.write("token", []byte(token+"\n"))
		c, err := connect(g, addr)
		must(t, err)
		c.Close()
		if got, want := <-seen, "n,,\x01auth=Bearer "+token+"\x01logicalCluster=lkc-1\x01\x01"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// AWS credentials come from the environment, or from the role of a container.
// What a broker is shown is signed, for the region of the brokers' names or of
// the environment.
func TestAWS(t *testing.T) {
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"AccessKeyId": "ROLE", "SecretAccessKey": "5ecret", "Token": "session", "Expiration": "2100-01-01T00:00:00Z"}`)
	}))
	defer role.Close()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_REGION", "eu-north-1")
	for _, test := range []struct{ key, uri, want string }{
		{"KEY", "", "KEY/"},
		{"", role.URL, "ROLE/"},
	} {
		t.Setenv("AWS_ACCESS_KEY_ID", test.key)
		t.Setenv("AWS_SECRET_ACCESS_KEY", strings.Repeat("5ecret", len(test.key)))
		t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", test.uri)
		shown := make(chan []byte, 1)
		f := &fake{mechanisms: []string{"AWS_MSK_IAM"}, version: 1, take: func(m []byte) (int16, string, []byte) {
			shown <- m
			return 0, "", []byte(`{"version": "2020_10_22", "request-id": "1"}`)
		}}
		g, log := guard(Options{SASL: &SASL{Mechanism: AWSMSKIAM}})
		c, err := connect(g, f.start(t))
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		c.Close()
		m := map[string]string{}
		message := <-shown
		must(t, json.Unmarshal(message, &m))
		if !strings.HasPrefix(m["x-amz-credential"], test.want) || !strings.HasSuffix(m["x-amz-credential"], "/eu-north-1/kafka-cluster/aws4_request") ||
			m["host"] != "127.0.0.1" || m["action"] != "kafka-cluster:Connect" || len(m["x-amz-signature"]) != 64 || m["user-agent"] != "tailrace" {
			t.Errorf("shown: %s", message)
		}
		if strings.Contains(string(message), "5ecret") {
			t.Errorf("shows the secret: %s", message)
		}
	}
}
