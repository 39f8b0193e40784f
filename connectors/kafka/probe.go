package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A listener that hears another protocol than its own closes the connection
// without a word, or with one of its own, and so does what stands before a broker
// that is down. What follows finds out which of them it is, by speaking otherwise.

var (
	errWantsTLS         = errors.New("it speaks TLS on that port, and does not understand anything else")
	errWantsPlain       = errors.New("it does not speak TLS on that port")
	errForeign          = errors.New("what answers does not speak the protocol of Kafka")
	errWantsCredentials = errors.New("it ends the connection of who does not say who that is")
)

// whyCut returns why a broker did not get as far as its first answer, or err where
// that is not known. Understood says that it knew the protocol.
func (c *connection) whyCut(ctx context.Context, err error, understood bool) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Duration("connect_timeout"))
	defer cancel()
	switch {
	case understood && c.security.mechanism == "" && !errors.Is(err, errNoAnswer) && c.cutsAgain(ctx):
		return errWantsCredentials
	case understood:
	case c.security.encrypted && c.expectsPlain(ctx):
		return errWantsPlain
	case !c.security.encrypted && c.expectsTLS(ctx):
		return errWantsTLS
	}
	switch {
	case errors.Is(err, errNoAnswer):
		return err
	case misread(err) && !understood:
		return errForeign
	case misread(err):
		return err
	}
	return errCut // the driver guesses
}

// cutsAgain reports whether the brokers end each connection behind the first words, and not one, as a broker does
// that ends itself, or is just starting.
func (c *connection) cutsAgain(ctx context.Context) bool {
	for range 3 {
		if c.env.Wait(ctx, 100*time.Millisecond) != nil {
			return false
		}
		var heard greeting
		cl, err := c.client(kgo.RequestRetries(0), kgo.WithHooks(&heard))
		if err != nil {
			return false
		}
		_, cut := errors.AsType[*kgo.ErrFirstReadEOF](cl.Ping(ctx))
		cl.Close()
		if !cut || !heard.understood.Load() {
			return false
		}
	}
	return true
}

// misread reports whether an answer has no beginning as those of brokers have. The driver has
// no name for that.
func misread(err error) bool {
	return err != nil && strings.Contains(err.Error(), "invalid large response size")
}

var errCut = errors.New("the connection ended before the first answer")

// expectsTLS reports whether one of the servers speaks TLS.
func (c *connection) expectsTLS(ctx context.Context) bool {
	for _, server := range c.servers {
		conn, err := c.dialTo(ctx, "tcp", server)
		if err != nil {
			continue
		}
		// Whom it is does not matter: nothing is said to it.
		err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
		_ = conn.Close() // it served its purpose
		if _, alert := errors.AsType[tls.AlertError](err); err == nil || alert {
			return true
		}
	}
	return false
}

// expectsPlain reports whether one of the servers speaks without TLS.
func (c *connection) expectsPlain(ctx context.Context) bool {
	var heard greeting
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.servers...), kgo.Dialer(c.dialTo), kgo.RequestRetries(0), kgo.DisableClientMetrics(), kgo.WithHooks(&heard))
	if err != nil {
		return false
	}
	defer cl.Close()
	_ = cl.Ping(ctx) // what matters is whether the first words were understood
	return heard.understood.Load()
}

func (c *connection) dialTo(ctx context.Context, network, server string) (net.Conn, error) {
	if c.dial != nil {
		return c.dial(ctx, network, server)
	}
	return new(net.Dialer).DialContext(ctx, network, server)
}

// greeting notes whether a broker has understood the first words.
type greeting struct{ understood atomic.Bool }

var _ kgo.HookBrokerConnect = (*greeting)(nil)

// OnBrokerConnect implements [kgo.HookBrokerConnect].
func (g *greeting) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		g.understood.Store(true)
	}
}
