package mongo

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
)

// explain looks why a server cannot be used at first that is there: one that speaks TLS and one that does not say nothing
// that can be understood to each other.
func (c *connection) explain(ctx context.Context, err error) error {
	host, _, _ := strings.Cut(c.at.hosts, ",")
	if c.at.srv || strings.Contains(host, "%2F") || strings.Contains(host, "%2f") {
		return err
	}
	if _, _, e := net.SplitHostPort(host); e != nil {
		host += ":27017"
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	conn, e := new(net.Dialer).DialContext(ctx, "tcp", host)
	if e != nil {
		return err
	}
	defer conn.Close()
	if e := conn.SetDeadline(time.Now().Add(quick)); e != nil {
		return err
	}
	switch {
	case c.secured && answersPlainly(conn):
		return plugins.Permanent(fmt.Errorf("connect at %s: the server speaks no TLS there: use another port, or leave TLS out", c.at.hosts))
	case !c.secured && tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) == nil:
		return plugins.Permanent(fmt.Errorf("connect at %s: the server expects TLS there: write a block tls, or use another port", c.at.hosts))
	}
	return err
}

// answersPlainly reports whether what is at the other end speaks MongoDB's protocol without TLS.
func answersPlainly(conn net.Conn) bool {
	const message = 2013 // OP_MSG
	body := append([]byte{0, 0, 0, 0, 0}, 0, 0, 0, 0)
	body = bsoncore.AppendInt32Element(body, "hello", 1)
	body = finish(bsoncore.AppendStringElement(body, "$db", "admin"), 5)
	asked := binary.LittleEndian.AppendUint32(nil, uint32(16+len(body)))
	asked = binary.LittleEndian.AppendUint32(asked, 1)
	asked = binary.LittleEndian.AppendUint32(asked, 0)
	asked = append(binary.LittleEndian.AppendUint32(asked, message), body...)
	if _, err := conn.Write(asked); err != nil {
		return false
	}
	head := make([]byte, 16)
	_, err := io.ReadFull(conn, head)
	return err == nil && binary.LittleEndian.Uint32(head[8:]) == 1 && binary.LittleEndian.Uint32(head[12:]) == message
}
