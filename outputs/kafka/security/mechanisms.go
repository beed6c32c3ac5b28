package security

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/jcmturner/gokrb5/v8/client"
	krb5config "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/kerberos"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// newAuthenticator makes the mechanism. What it shows to the brokers is looked
// up for each connection.
func newAuthenticator(s SASL, t *TLS) *authenticator {
	a := &authenticator{SASL: s}
	switch s.Mechanism {
	case SCRAM256:
		a.mechanism = scram.Sha256(a.scram)
	case SCRAM512:
		a.mechanism = scram.Sha512(a.scram)
	case OAuthBearer:
		a.tokens = newTokens(&a.SASL, t)
		a.mechanism = oauth.Oauth(a.oauth)
	case AWSMSKIAM:
		a.mechanism = aws.ManagedStreamingIAM(awsCredentials(http.DefaultClient))
	case Kerberos:
		a.mechanism = kerberos.Kerberos(a.kerberos)
	default:
		a.mechanism = plain.Plain(a.plain)
	}
	return a
}

func (a *authenticator) plain(context.Context) (plain.Auth, error) {
	password, err := a.Password.reveal()
	return plain.Auth{User: a.Username, Pass: password}, err
}

func (a *authenticator) scram(context.Context) (scram.Auth, error) {
	password, err := a.Password.reveal()
	return scram.Auth{User: a.Username, Pass: password}, err
}

func (a *authenticator) oauth(ctx context.Context) (oauth.Auth, error) {
	token, err := a.tokens.token(ctx)
	return oauth.Auth{Token: token, Extensions: a.Extensions}, err
}

// awsCredentials looks for credentials where other AWS programs do: the
// environment, ~/.aws/credentials, and the role of the pod, the container or
// the machine. They are kept until they are about to expire.
func awsCredentials(c *http.Client) func(context.Context) (aws.Auth, error) {
	var mu sync.Mutex // credentials calls its providers one after the other, with no limit of its own
	chain := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
	return func(ctx context.Context) (aws.Auth, error) {
		mu.Lock()
		defer mu.Unlock()
		v, err := chain.GetWithContext(&credentials.CredContext{Client: c, Context: ctx})
		if err == nil && v.AccessKeyID == "" {
			err = fmt.Errorf("no AWS credentials: neither $AWS_ACCESS_KEY_ID, nor ~/.aws/credentials, nor a role of this host")
		}
		return aws.Auth{AccessKey: v.AccessKeyID, SecretKey: v.SecretAccessKey, SessionToken: v.SessionToken, UserAgent: "tailrace"}, err
	}
}

// kerberos logs in for each connection: the client renews nothing behind our
// back, and a new keytab is used at once.
func (a *authenticator) kerberos(context.Context) (kerberos.Auth, error) {
	name, realm, _ := strings.Cut(a.Principal, "@")
	path := os.Getenv("KRB5_CONFIG")
	if path == "" {
		path = "/etc/krb5.conf"
	}
	config, err := krb5config.Load(path)
	if err != nil {
		return kerberos.Auth{}, fmt.Errorf("%s: %w", path, err)
	}
	var c *client.Client
	if a.Keytab != "" {
		keys, err := a.keys()
		if err != nil {
			return kerberos.Auth{}, err
		}
		c = client.NewWithKeytab(name, realm, keys, config, client.DisablePAFXFAST(true))
	} else {
		password, err := a.Password.reveal()
		if err != nil {
			return kerberos.Auth{}, err
		}
		c = client.NewWithPassword(name, realm, password, config, client.DisablePAFXFAST(true))
	}
	return kerberos.Auth{Service: a.Service, ClientFn: func(context.Context) *client.Client { return c }}, nil
}

func (a *authenticator) keys() (*keytab.Keytab, error) {
	data, err := a.Keytab.read()
	if err != nil {
		return nil, err
	}
	keys := keytab.New()
	if err := keys.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%s is no keytab: %w", a.Keytab, err)
	}
	return keys, nil
}

var _ sasl.Session = finished{}
