package opcua

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	driver "github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"

	"github.com/onstream/onstream/plugins"
)

// What is taken from outside at most.
const (
	maxMessage = 16 << 20
	maxFile    = 1 << 20
)

// connect logs on to the server. An error is permanent where trying again does not help: what the server offers is not what is asked for.
func connect(ctx context.Context, s settings) (*driver.Client, error) {
	dial := driver.Dialer(&uacp.Dialer{
		Dialer: &net.Dialer{Timeout: s.timeout},
		ClientACK: &uacp.Acknowledge{
			ReceiveBufSize: uacp.DefaultReceiveBufSize, SendBufSize: uacp.DefaultSendBufSize, MaxChunkCount: 4096, MaxMessageSize: maxMessage,
		},
	})
	own, err := s.identity()
	if err != nil {
		return nil, plugins.Permanent(err)
	}
	asking, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	endpoints, err := driver.GetEndpoints(asking, s.endpoint, dial, driver.RequestTimeout(s.timeout))
	if err != nil {
		return nil, fmt.Errorf("ask %s for its endpoints: %w", s.endpoint, err)
	}
	ep, auth, err := s.choose(endpoints)
	if err != nil {
		return nil, plugins.Permanent(err)
	}
	options := append(own, dial, driver.AutoReconnect(false),
		// Each request has a context. What the server says to publishing, it may say much later.
		driver.RequestTimeout(longestSilence+s.timeout), driver.SessionTimeout(max(time.Minute, 10*s.keepAlive)),
		driver.ApplicationName("onstream"))
	if s.user != "" {
		options = append(options, driver.AuthUsername(s.user, s.password.Reveal()))
	}
	options = append(options, driver.SecurityFromEndpoint(ep, auth))
	client, err := driver.NewClient(s.endpoint, options...)
	if err != nil {
		return nil, plugins.Permanent(fmt.Errorf("prepare the connection to %s: %w", s.endpoint, err))
	}
	logging, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := client.Connect(logging); err != nil {
		return nil, refused(fmt.Errorf("log on to %s: %w", s.endpoint, err))
	}
	return client, nil
}

// choose returns the endpoint with the policy and mode that are asked for.
func (s settings) choose(endpoints []*ua.EndpointDescription) (*ua.EndpointDescription, ua.UserTokenType, error) {
	auth := ua.UserTokenTypeAnonymous
	who := "nobody may stay anonymous: write user and password"
	if s.user != "" {
		auth, who = ua.UserTokenTypeUserName, "nobody can log on with a name and password: leave user out, or have the server allow it"
	}
	uri := ua.FormatSecurityPolicyURI(s.policy)
	var offers []string
	for _, ep := range endpoints {
		if ep.SecurityPolicyURI == uri && ep.SecurityMode == s.mode {
			if s.user != "" || len(ep.UserIdentityTokens) > 0 {
				if !slices.ContainsFunc(ep.UserIdentityTokens, func(t *ua.UserTokenPolicy) bool { return t.TokenType == auth }) {
					return nil, auth, fmt.Errorf("at the endpoint of %s with the policy %s %s", s.endpoint, s.policy, who)
				}
			}
			return ep, auth, s.trust(ep.ServerCertificate)
		}
		_, policy, _ := strings.Cut(ep.SecurityPolicyURI, "#")
		offer := policy + " with " + strings.TrimPrefix(ep.SecurityMode.String(), "MessageSecurityMode")
		if len(offers) < 20 && !slices.Contains(offers, offer) {
			offers = append(offers, offer)
		}
	}
	if len(offers) == 0 {
		return nil, auth, fmt.Errorf("the server at %s has no endpoint of this name: write endpoint as the server calls itself", s.endpoint)
	}
	slices.Sort(offers)
	return nil, auth, fmt.Errorf("the server at %s has no endpoint with the policy %s and the mode %s: write security_policy and security_mode as it has them, %s",
		s.endpoint, s.policy, s.modeName, strings.Join(offers, ", "))
}

// trust compares the server's certificate with the one that it must have.
func (s settings) trust(shown []byte) error {
	if s.serverCert == "" {
		return nil
	}
	der, err := load(s.serverCert, "CERTIFICATE")
	if err != nil {
		return fmt.Errorf("server_certificate_file: %w", err)
	}
	if !bytes.Equal(der, shown) {
		return fmt.Errorf("the server at %s shows another certificate than that of server_certificate_file: if it was renewed, save the new one there, otherwise somebody else answers", s.endpoint)
	}
	return nil
}

// identity loads the certificate and key of this client, where it has them.
func (s settings) identity() ([]driver.Option, error) {
	if s.cert == "" {
		return nil, nil
	}
	cert, err := load(s.cert, "CERTIFICATE")
	if err != nil {
		return nil, fmt.Errorf("certificate_file: %w", err)
	}
	der, err := load(s.key, "PRIVATE KEY")
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("certificate_file: %s holds no certificate: write one in PEM or DER", s.cert)
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		any8, _ := x509.ParsePKCS8PrivateKey(der)
		var isRSA bool
		if key, isRSA = any8.(*rsa.PrivateKey); !isRSA {
			return nil, fmt.Errorf("key_file: %s holds no RSA key, which is what OPC UA uses: write one in PEM or DER, without a passphrase", s.key)
		}
	}
	if public, isRSA := parsed.PublicKey.(*rsa.PublicKey); !isRSA || !public.Equal(&key.PublicKey) {
		return nil, fmt.Errorf("key_file: %s is not the key of the certificate in %s", s.key, s.cert)
	}
	return []driver.Option{driver.Certificate(cert), driver.PrivateKey(key)}, nil
}

// load reads a file in PEM with a block whose type ends so, or in DER.
func load(path, what string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(text, []byte("-----BEGIN ")) {
		return text, nil
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, what) {
			return block.Bytes, nil
		}
	}
	return nil, fmt.Errorf("%s has no %s", path, what)
}

// refused marks what a server says that it will say again as permanent, and says what to do.
func refused(err error) error {
	remedies := map[ua.StatusCode]string{
		ua.StatusBadUserAccessDenied:       "the user or the password is wrong, or may not read this",
		ua.StatusBadIdentityTokenRejected:  "the user or the password is wrong",
		ua.StatusBadIdentityTokenInvalid:   "the server does not take such a log-on: look at user and password",
		ua.StatusBadSecurityChecksFailed:   "have the server trust certificate_file",
		ua.StatusBadCertificateUntrusted:   "have the server trust certificate_file",
		ua.StatusBadCertificateInvalid:     "the server cannot use certificate_file: make a new one",
		ua.StatusBadCertificateTimeInvalid: "certificate_file is not valid now: renew it, or look at the clocks",
		ua.StatusBadCertificateURIInvalid:  "certificate_file must name the application in its alternative name, a URI",
	}
	for code, remedy := range remedies {
		if errors.Is(err, code) {
			return plugins.Permanent(fmt.Errorf("%w: %s", err, remedy))
		}
	}
	return err
}
