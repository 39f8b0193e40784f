package remote

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Serving is what a plugin offers.
type Serving struct {
	// Name is what the plugin is called where it is spoken about, such as "acme". What its kinds are called in a pipeline is for the pipeline to say.
	Name string
	// Version is the plugin's, for people.
	Version string
	// Registry has its kinds: sources, transforms that keep nothing, sinks and look-ups. They have no connections, and no formats of their own.
	Registry *plugins.Registry
}

// The exit codes that [Serve] returns.
const (
	exitEnded  = 0 // the host has ended the plugin
	exitFailed = 1 // it could not be served, or its host is gone
	exitUsage  = 2 // started by hand, or with kinds that a plugin cannot have
)

// How long streams have to clean up when their host is gone or has had enough.
const grace = 5 * time.Second

// Serve runs a plugin until its host ends it, and returns the exit code of the program, which is to end then. It is the whole of main:
//
//	func main() {
//		os.Exit(remote.Serve(remote.Serving{Name: "acme", Version: "1.0.0", Registry: registry}))
//	}
//
// Each stage of a pipeline is a stream, and has an instance of its kind whose methods are called as the engine calls them: as package plugins says. What
// an [plugins.Env] has differs in this: Framing has a Terminator and nothing else, Now and Sleep are real time, and what is written to Logger and
// recorded in Metrics arrives at the host, which need not log all of it. Standard output and standard error arrive there, too, line by line.
//
// A panic in a call of a kind or of what it has made does not end the process. In Process of a [plugins.Transform] and in Write of a [plugins.Sink] it
// fails the record that it comes with, when it has been found by giving parts of the batch to new instances: a sink may be given records again that it had
// written before it panicked, and what it has of former batches it is asked to flush. In [plugins.Source] a panic ends the source for good. A panic in a
// goroutine of the plugin's own ends the process: the host starts it again.
//
// Started by hand, Serve prints what the plugin is and how to use it.
func Serve(s Serving) int {
	stderr := os.Stderr // go-plugin makes another file of os.Stderr
	log := slog.New(logHandler(stderr))
	a, err := newAuthor(s, log)
	if err != nil {
		fmt.Fprintf(stderr, "plugin %s cannot be served: %v\n", s.Name, err)
		return exitUsage
	}
	if os.Getenv(Cookie) != CookieValue {
		fmt.Fprint(stderr, a.manual())
		return exitUsage
	}
	slog.SetDefault(log)
	gone := make(chan string, 1)
	stop := watchHost(os.Stdin, func(why string) {
		gone <- why
		a.stop()
	})
	defer stop()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake(), VersionedPlugins: versions(a), GRPCServer: a.newServer, Logger: pluginLog(stderr),
	})
	a.wait(grace)
	select {
	case why := <-gone:
		log.Debug("the plugin ends: " + why) // as every end is: a host that is well does not need to hear it
		return exitFailed
	default:
		return exitEnded
	}
}

// pluginLog is where go-plugin says what is wrong.
func pluginLog(w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: w, JSONFormat: true})
}

// newServer makes the gRPC server for go-plugin.
func (a *author) newServer(opts []grpc.ServerOption) *grpc.Server {
	return a.keep(grpc.NewServer(append(opts, serverOptions()...)...))
}

// serverOptions bound what comes, and make room for some batches on their way: they are large, and there are few streams.
func serverOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(4 << 20),
		grpc.InitialConnWindowSize(16 << 20),
		grpc.ReadBufferSize(256 << 10),
		grpc.WriteBufferSize(256 << 10),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	}
}

var _ pb.PluginServer = (*author)(nil)
