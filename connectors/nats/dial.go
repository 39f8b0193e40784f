package nats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// dial connects, and sees whether the server has JetStream.
func (c *connection) dial(ctx context.Context, e *embedded) (*session, error) {
	s := &session{conn: c, api: jetstreamPrefix(c.options.domain), closed: make(chan struct{})}
	if err := c.reach(ctx, s, e); err != nil {
		return nil, err
	}
	var err error
	if c.options.domain == "" {
		s.js, err = jetstream.New(s.nc)
	} else {
		s.js, err = jetstream.NewWithDomain(s.nc, c.options.domain)
	}
	if err == nil {
		err = c.checkJetStream(ctx, s)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// reach gives a session its client.
func (c *connection) reach(ctx context.Context, s *session, e *embedded) error {
	opts, err := c.clientOptions(s)
	if err != nil {
		return err
	}
	if e != nil {
		s.memory, s.solo = e.store == "", c.options.listen == ""
		opts.InProcessServer = e.server
	}
	s.nc, err = c.connect(ctx, opts)
	return err
}

// connect makes one attempt. The client does not know of ctx: an attempt that nobody waits
// for any more is given up when it comes to its end.
func (c *connection) connect(ctx context.Context, opts natsgo.Options) (*natsgo.Conn, error) {
	type result struct {
		nc  *natsgo.Conn
		err error
	}
	done := make(chan result, 1)
	c.background.Go(func() {
		nc, err := opts.Connect()
		if err == nil && ctx.Err() != nil {
			nc.Close()
		}
		done <- result{nc, err}
	})
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case r.err == nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case r.err != nil && refusedForGood(r.err):
		return nil, plugins.Permanent(c.explain(r.err))
	case r.err != nil:
		return nil, c.explain(r.err)
	}
	return r.nc, nil
}

func (c *connection) clientOptions(s *session) (natsgo.Options, error) {
	o := c.options
	opts := natsgo.GetDefaultOptions()
	opts.Servers, opts.Name = o.servers, "onstream "+c.env.Pipeline+" "+c.env.Stage
	opts.Timeout = o.connect
	opts.AllowReconnect, opts.MaxReconnect = !s.once, -1
	opts.CustomReconnectDelayCB = o.backoff.Before
	opts.ReconnectBufSize = -1 // what is written while there is no connection is an error, and written again in order
	opts.PingInterval, opts.MaxPingsOut = 10*time.Second, 2
	opts.Token, opts.User, opts.Password = o.token.Reveal(), o.username, o.password.Reveal()
	opts.DisconnectedErrCB = s.disconnected
	opts.ReconnectedCB = s.reconnected
	opts.ClosedCB = s.ended
	opts.AsyncErrorCB = s.failed
	opts.SkipHostLookup = false
	opts.RetryOnFailedConnect = false
	if len(o.servers) == 0 {
		opts.Servers = nil
		opts.Url = ""
	}
	if err := c.identify(&opts); err != nil {
		return opts, err
	}
	config, err := o.tls()
	if err != nil {
		return opts, err
	}
	if config != nil {
		opts.Secure, opts.TLSConfig = true, config
	}
	return opts, nil
}

// identify adds who we are, from files that are read now.
func (c *connection) identify(opts *natsgo.Options) error {
	for _, f := range []struct{ name, path string }{{"creds_file", c.options.credsFile}, {"nkey_seed_file", c.options.seedFile}} {
		if f.path == "" {
			continue
		}
		if _, err := os.ReadFile(f.path); err != nil {
			return plugins.Permanent(fmt.Errorf("%s: %w", f.name, err))
		}
		if f.name == "creds_file" {
			if err := natsgo.UserCredentials(f.path)(opts); err != nil {
				return plugins.Permanent(fmt.Errorf("%s: %w", f.name, err))
			}
			continue
		}
		seed, err := natsgo.NkeyOptionFromSeed(f.path)
		if err == nil {
			err = seed(opts)
		}
		if err != nil {
			return plugins.Permanent(fmt.Errorf("%s: %w", f.name, err))
		}
	}
	return nil
}

// checkJetStream reports a server that keeps nothing.
func (c *connection) checkJetStream(ctx context.Context, s *session) error {
	err := s.request(ctx, func(ctx context.Context) error {
		_, err := s.js.AccountInfo(ctx)
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return plugins.Permanent(fmt.Errorf("the server at %s has no JetStream, so that it keeps no records: switch it on (jetstream {} in its configuration, or -js), give this account JetStream, or say in which jetstream_domain it is", c.place()))
	case err != nil && ctx.Err() == nil && plugins.IsPermanent(err):
		return nil // not everybody may ask; what is needed is asked for when it is
	}
	return err
}

// refusedForGood reports whether another attempt to connect would be refused, too.
func refusedForGood(err error) bool {
	for _, e := range []error{
		natsgo.ErrAuthorization, natsgo.ErrAuthExpired, natsgo.ErrAuthRevoked, natsgo.ErrAccountAuthExpired, natsgo.ErrSecureConnRequired,
		natsgo.ErrSecureConnWanted, natsgo.ErrNkeysNotSupported, natsgo.ErrInvalidContext,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return connectors.TLSRefused(err) || strings.Contains(err.Error(), "Authorization Violation") || strings.Contains(err.Error(), "certificate required") || strings.Contains(err.Error(), "bad certificate")
}

// explain adds to an error of the client where it happened, and what to do.
func (c *connection) explain(err error) error {
	if _, before := errors.AsType[*placed](err); before {
		return err
	}
	remedy := ""
	switch {
	case isFull(err):
		remedy = c.options.roomFor()
	case errors.Is(err, natsgo.ErrAuthorization), errors.Is(err, natsgo.ErrAuthExpired), errors.Is(err, natsgo.ErrAuthRevoked), strings.Contains(err.Error(), "Authorization Violation"):
		remedy = ": the server does not accept who connects: check username and password, token, creds_file or nkey_seed_file"
	case errors.Is(err, natsgo.ErrPermissionViolation):
		remedy = ": the user may not do that: give it the permission (subjects of its topics, $JS.API.> and $KV." + bucketName + ".>)"
	case errors.Is(err, natsgo.ErrSecureConnRequired):
		remedy = ": the server wants TLS: add a tls block, or write tls:// in servers"
	case errors.Is(err, natsgo.ErrSecureConnWanted):
		remedy = ": the server does not speak TLS: leave the tls block out, or switch TLS on there"
	case connectors.TLSRefused(err):
		remedy = ": check ca_file and server_name of the tls block (without one, those that this machine trusts count)"
	case errors.Is(err, natsgo.ErrNoServers):
		remedy = ": is a server running there? check servers"
	}
	return &placed{fmt.Sprintf("nats %s: %v%s", c.place(), err, remedy), err}
}

// placed is an error that says where it happened.
type placed struct {
	text string
	err  error
}

// Error returns the text.
func (p *placed) Error() string { return p.text }

// Unwrap returns what was wrong.
func (p *placed) Unwrap() error { return p.err }

// place says where the servers are, without anything secret.
func (c *connection) place() string {
	if len(c.options.servers) == 0 {
		return "(embedded)"
	}
	places := make([]string, len(c.options.servers))
	for i, s := range c.options.servers {
		_, places[i], _ = strings.Cut(redact(s), "://")
	}
	return strings.Join(places, ", ")
}
