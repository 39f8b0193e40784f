package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// maxToken is how large a file with a token may be.
const maxToken = 64 << 10

// security says how to speak with the brokers, and as whom.
type security struct {
	encrypted bool
	mechanism string // of SASL; "" for none
	username  string
	config    plugins.Config
}

func securityOf(c plugins.Config) security {
	s := security{config: c, encrypted: len(c.Blocks("tls")) > 0}
	if p := c.String("security_protocol"); p != "" {
		s.encrypted = strings.HasSuffix(p, "SSL")
	}
	if len(c.Blocks("sasl")) > 0 {
		s.mechanism, s.username = c.Block("sasl").String("mechanism"), c.Block("sasl").String("username")
	}
	return s
}

// options are what a client is to be told. Files are read anew for each client.
func (s security) options() ([]kgo.Opt, error) {
	var opts []kgo.Opt
	if s.encrypted {
		config, err := connectors.TLSOf(s.config)
		if err != nil {
			return nil, err
		}
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	if s.mechanism == "" {
		return opts, nil
	}
	return append(opts, kgo.SASL(s.proof())), nil
}

func (s security) proof() sasl.Mechanism {
	block := s.config.Block("sasl")
	password := block.Secret("password")
	switch s.mechanism {
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.username, Pass: password.Reveal()}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.username, Pass: password.Reveal()}.AsSha512Mechanism()
	case "OAUTHBEARER":
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := tokenOf(block)
			return oauth.Auth{Token: token}, err
		})
	}
	return plain.Auth{User: s.username, Pass: password.Reveal()}.AsMechanism()
}

// tokenOf returns the token as it is now.
func tokenOf(block plugins.Config) (string, error) {
	file := block.String("token_file")
	if file == "" {
		return block.Secret("token").Reveal(), nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("sasl: token_file: %w", err)
	}
	if info.Size() > maxToken || !info.Mode().IsRegular() {
		return "", fmt.Errorf("sasl: token_file: %s holds no token: it is no file of %d bytes at most", file, maxToken)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("sasl: token_file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", errors.New("sasl: token_file: " + file + " is empty")
	}
	return token, nil
}

// String says how this program speaks with the brokers, without secrets.
func (s security) String() string {
	switch {
	case s.mechanism == "" && !s.encrypted:
		return "PLAINTEXT"
	case s.mechanism == "":
		return "SSL"
	case !s.encrypted:
		return "SASL_PLAINTEXT"
	}
	return "SASL_SSL"
}
