package amqp

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// dial makes a connection, in limited time.
func (c *connection) dial(ctx context.Context) (*live, error) {
	config := amqp091.Config{
		SASL:  []amqp091.Authentication{&amqp091.PlainAuth{Username: c.options.username, Password: c.options.password.Reveal()}},
		Vhost: c.options.vhost, Heartbeat: c.options.heartbeat,
		Properties: amqp091.Table{"product": "onstream", "connection_name": c.env.Pipeline + " " + c.env.Stage},
	}
	if c.options.encrypted {
		var err error
		if config.TLSClientConfig, err = c.options.tls(); err != nil {
			return nil, err
		}
		if config.TLSClientConfig == nil {
			config.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
	}
	var made *outbound
	giveUp := func() bool { return true }
	config.Dial = func(network, addr string) (net.Conn, error) {
		d := net.Dialer{Timeout: c.options.connect}
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := conn.SetDeadline(time.Now().Add(c.options.connect)); err != nil {
			_ = conn.Close() // another error is being reported
			return nil, err
		}
		giveUp = context.AfterFunc(ctx, func() { _ = conn.Close() }) // so that nobody waits for it
		made = newOutbound(conn)
		return made, nil
	}
	conn, err := amqp091.DialConfig(c.options.url, config)
	giveUp()
	if err != nil {
		if made != nil {
			_ = made.Close() // another error is being reported
		}
		return nil, c.judgeDial(err)
	}
	up := &live{Connection: conn, lost: make(chan struct{}), kill: func() { _ = made.Conn.Close() }} // whatever it says, it is over
	c.watch(up)
	return up, nil
}

// watch follows what the server says about a connection until it is over.
func (c *connection) watch(up *live) {
	closed := up.NotifyClose(make(chan *amqp091.Error, 1))
	blocked := up.NotifyBlocked(make(chan amqp091.Blocking, 1))
	c.links.Go(func() {
		for b := range blocked {
			up.block(b)
			if b.Active {
				c.env.Logger.Warn("the bus takes no records for now: sinks wait", "bus", c.place, "reason", b.Reason)
			} else {
				c.env.Logger.Info("the bus takes records again", "bus", c.place)
			}
		}
	})
	c.links.Go(func() {
		err := <-closed // nil when we have closed it
		up.mu.Lock()
		up.err = err
		up.mu.Unlock()
		up.block(amqp091.Blocking{})
		close(up.lost)
	})
}
