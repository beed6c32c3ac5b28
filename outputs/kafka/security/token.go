package security

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokens gives tokens for OAUTHBEARER. It is safe for any goroutine.
type tokens struct {
	sasl *SASL
	tls  *TLS

	mu   sync.Mutex // held while a token is fetched, so that it is fetched once
	last *oauth2.Token
}

func newTokens(s *SASL, t *TLS) *tokens { return &tokens{sasl: s, tls: t} }

// token is that of the file, or one of the endpoint that is good for a while.
func (t *tokens) token(ctx context.Context) (string, error) {
	if t.sasl.TokenURL == "" {
		return t.sasl.Token.reveal()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.Valid() {
		return t.last.AccessToken, nil
	}
	token, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.last = token
	return token.AccessToken, nil
}

// forget has the next connection fetch a new token.
func (t *tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
}

// fetch asks the endpoint for a token.
func (t *tokens) fetch(ctx context.Context) (*oauth2.Token, error) {
	secret, err := t.sasl.ClientSecret.reveal()
	if err != nil {
		return nil, err
	}
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	c := clientcredentials.Config{
		ClientID: t.sasl.ClientID, ClientSecret: secret, TokenURL: t.sasl.TokenURL, Scopes: t.sasl.Scopes,
	}
	token, err := c.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return nil, t.explain(err, secret)
	}
	return token, nil
}

// client trusts what the system trusts, and the authorities of the brokers.
func (t *tokens) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.tls != nil && t.tls.CA != "" {
		pem, err := t.tls.CA.read()
		if err != nil {
			return nil, err
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config}
	// A redirection would take the secret elsewhere.
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: refuse}, nil
}

// endpoint is where tokens are asked for, without what may be secret in it.
func (t *tokens) endpoint() string {
	address, _, _ := strings.Cut(t.sasl.TokenURL, "#")
	address, _, _ = strings.Cut(address, "?")
	return address
}

// explain has nothing of what was sent, and of what came only the endpoint's
// own words for an error.
func (t *tokens) explain(err error, secret string) error {
	var refused *oauth2.RetrieveError
	var request *url.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode != "":
		words := refused.ErrorCode + " " + refused.ErrorDescription
		if secret != "" {
			words = strings.ReplaceAll(words, secret, hidden)
		}
		return fmt.Errorf("%s gives no token: %s", t.endpoint(), words)
	case errors.As(err, &refused) && refused.Response != nil:
		return fmt.Errorf("%s gives no token: status %s", t.endpoint(), refused.Response.Status)
	case errors.As(err, &request):
		return fmt.Errorf("%s cannot be asked for a token: %w", t.endpoint(), request.Err)
	}
	return fmt.Errorf("%s gives no token that can be read", t.endpoint())
}
