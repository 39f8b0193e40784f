package bus

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
)

// serveNATS is a server of NATS with JetStream, until ctx ends.
func serveNATS(ctx context.Context, addr, dir string) error {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("serve NATS: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("serve NATS: %w", err)
	}
	s, err := server.NewServer(&server.Options{ServerName: "chaos", Host: host, Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		return fmt.Errorf("serve NATS: %w", err)
	}
	s.Start()
	<-ctx.Done()
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}
