package bus

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// serveCommand is the first word of a command line that makes this program a server.
const serveCommand = "serve"

// selfAs is this program as a server.
func selfAs(kind string, s site) (command, error) {
	self, err := os.Executable()
	if err != nil {
		return command{}, err
	}
	return command{words: []string{self, serveCommand, kind, s.addr, s.dir}}, nil
}

// Serve makes this program a server where its arguments say so. It returns false where they
// do not.
func Serve(args []string) (bool, error) {
	if len(args) != 4 || args[0] != serveCommand {
		return false, nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the harness has ended
		cancel()
	}()
	switch kind, addr, dir := args[1], args[2], args[3]; kind {
	case "kafka":
		return true, serveKafka(ctx, addr, dir)
	case "nats":
		return true, serveNATS(ctx, addr, dir)
	default:
		return true, fmt.Errorf("there is no server %q in the harness", kind)
	}
}
