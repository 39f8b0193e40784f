package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/onstream/onstream/plugins"
)

// explain looks why a server cannot be reached at first: one that speaks TLS and one that does not say
// nothing to each other.
func (c *connection) explain(ctx context.Context, err error) error {
	encrypted := c.secured
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	conn, e := new(net.Dialer).DialContext(ctx, "tcp", c.options.addrs[0])
	if e != nil {
		return err
	}
	defer conn.Close()
	if e := conn.SetDeadline(time.Now().Add(probeTime)); e != nil {
		return err
	}
	switch {
	case encrypted && answersPlainly(conn):
		return plugins.Permanent(fmt.Errorf("connect at %s: the server speaks no TLS there: use another port, or leave the block tls out", c.place))
	case !encrypted && tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil:
		return plugins.Permanent(fmt.Errorf("connect at %s: the server expects TLS there: write a block tls, or use another port", c.place))
	}
	return err
}

// probeTime is how long a server may take to show what it speaks.
const probeTime = 2 * time.Second

// answersPlainly reports whether what is at the other end speaks Redis without TLS.
func answersPlainly(conn net.Conn) bool {
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	first := make([]byte, 1)
	n, err := conn.Read(first)
	return err == nil && n == 1 && (first[0] == '+' || first[0] == '-')
}
