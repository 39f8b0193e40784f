package connectors

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Fields are the attributes that the blocks of all buses have, with those of
// one bus before them.
func Fields(own ...plugins.Attr) []plugins.Attr {
	return append(slices.Clip(own),
		plugins.Attr{Name: "startup", Type: plugins.AttrString, Default: "wait", Enum: []string{"wait", "fail"}, Doc: "What to do while the bus cannot be reached at the start: wait for it, or fail. Wrong credentials and what else trying again cannot mend fail in any case."},
		plugins.Attr{Name: "connect_timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.001), Doc: "How long one attempt to connect may take."},
	)
}

// Blocks are the nested blocks that the blocks of all buses have.
func Blocks(own ...plugins.Block) []plugins.Block {
	return append(slices.Clip(own), RetryBlock())
}

// RetryBlock says how a connection that was lost is made again.
func RetryBlock() plugins.Block {
	return plugins.Block{Name: "retry", Doc: "How to connect again, without end.", Schema: plugins.Schema{Attrs: []plugins.Attr{
		{Name: "backoff", Type: plugins.AttrDuration, Default: 100 * time.Millisecond, Min: plugins.Bound(0.001), Doc: "The wait before the first attempt; it doubles each time."},
		{Name: "max_backoff", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.001), Doc: "The longest wait."},
	}}}
}

// Backoff is how long to wait before each attempt to connect.
type Backoff struct{ First, Most time.Duration }

// BackoffOf reads [RetryBlock] of a connector's configuration.
func BackoffOf(c plugins.Config) Backoff {
	b := Backoff{100 * time.Millisecond, 30 * time.Second}
	retry := c.Block("retry")
	if d := retry.Duration("backoff"); d > 0 {
		b.First = d
	}
	if d := retry.Duration("max_backoff"); d > 0 {
		b.Most = d
	}
	b.Most = max(b.Most, b.First)
	return b
}

// Before returns the wait before an attempt, counted from 1.
func (b Backoff) Before(attempt int) time.Duration {
	d := b.First
	for range min(attempt-1, 62) {
		if d >= b.Most {
			break
		}
		d *= 2
	}
	return min(d, b.Most)
}

// TLSBlock is for buses that can be reached over TLS.
func TLSBlock() plugins.Block {
	return plugins.Block{Name: "tls", Doc: "Encrypts the connection, and says who is trusted.", Schema: plugins.Schema{Attrs: []plugins.Attr{
		{Name: "ca_file", Type: plugins.AttrString, Doc: "PEM file with the authorities that are trusted; those of the system where there is none."},
		{Name: "cert_file", Type: plugins.AttrString, Doc: "PEM file with the certificate that the connection shows."},
		{Name: "key_file", Type: plugins.AttrString, Doc: "PEM file with the key of that certificate."},
		{Name: "server_name", Type: plugins.AttrString, Doc: "The name that the server's certificate must have; that of the address where there is none."},
		{Name: "insecure_skip_verify", Type: plugins.AttrBool, Default: false, Doc: "Trusts whoever answers: only for tests."},
	}}}
}

// CheckTLS finds what the schema of [TLSBlock] cannot say.
func CheckTLS(c plugins.Config) error {
	t := c.Block("tls")
	switch {
	case t.Has("cert_file") != t.Has("key_file"):
		return plugins.ConfigErrorf("tls", "cert_file and key_file belong together: set both, or neither")
	case t.Bool("insecure_skip_verify") && (t.Has("ca_file") || t.Has("server_name")):
		return plugins.ConfigErrorf("tls.insecure_skip_verify", "nothing is verified, so ca_file and server_name say nothing: leave them out, or this")
	}
	return nil
}

// TLSOf reads the files that [TLSBlock] names. It returns nil where there is no
// such block. Its errors are [plugins.Permanent].
func TLSOf(c plugins.Config) (*tls.Config, error) {
	if len(c.Blocks("tls")) == 0 {
		return nil, nil
	}
	t := c.Block("tls")
	made := &tls.Config{ServerName: t.String("server_name"), InsecureSkipVerify: t.Bool("insecure_skip_verify"), MinVersion: tls.VersionTLS12}
	if file := t.String("ca_file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, plugins.Permanent(fmt.Errorf("tls: ca_file: %w", err))
		}
		made.RootCAs = x509.NewCertPool()
		if !made.RootCAs.AppendCertsFromPEM(pem) {
			return nil, plugins.Permanent(fmt.Errorf("tls: ca_file: %s holds no certificate in PEM form", file))
		}
	}
	if file := t.String("cert_file"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, t.String("key_file"))
		if err != nil {
			return nil, plugins.Permanent(fmt.Errorf("tls: cert_file and key_file: %w", err))
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, nil
}

// TLSRefused reports whether an error is one of TLS that trying again cannot
// mend: a certificate that is not trusted, or a server that does not speak TLS.
func TLSRefused(err error) bool {
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	return unverified || plain
}
