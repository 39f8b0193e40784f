package remote

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// author is the half of a plugin's own process: it serves the kinds of a registry.
type author struct {
	pb.UnimplementedPluginServer
	about    *pb.DescribeReply
	registry *plugins.Registry
	log      *slog.Logger

	streams sync.WaitGroup

	mu      sync.Mutex
	server  *grpc.Server
	stopped bool
	shared  map[string]*sharedByStage
}

// sharedByStage is what the instances of a stage have in common, and how many there are.
type sharedByStage struct {
	values plugins.Shared
	users  int
}

// newAuthor returns the half that serves a registry. An error says which kind a plugin cannot have.
func newAuthor(s Serving, log *slog.Logger) (*author, error) {
	about, err := describe(s)
	if err != nil {
		return nil, err
	}
	return &author{about: about, registry: s.Registry, log: log, shared: map[string]*sharedByStage{}}, nil
}

// Describe implements pb.PluginServer.
func (a *author) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeReply, error) {
	return a.about, nil
}

// keep remembers the server to stop.
func (a *author) keep(s *grpc.Server) *grpc.Server {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server = s
	if a.stopped {
		s.Stop()
	}
	return s
}

// stop ends all streams, and with the server [Serve].
func (a *author) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.server != nil {
		a.server.Stop()
	}
}

// wait blocks until all streams have cleaned up, or so much time has passed.
func (a *author) wait(most time.Duration) {
	done := make(chan struct{})
	go func() { // ends with the process, which is about to, where a stream never does
		a.streams.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(most):
		a.log.Warn("stages of the plugin have not ended in time", "after", most)
	}
}

// share returns what the instances of a stage have in common, and what to call when one of them has ended.
func (a *author) share(stage *pb.Stage) (*plugins.Shared, func(), error) {
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(stage)
	if err != nil {
		return nil, nil, fmt.Errorf("describe the stage: %w", err)
	}
	id := fmt.Sprintf("%x", sha256.Sum256(text))
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.shared[id]
	if s == nil {
		s = &sharedByStage{}
		a.shared[id] = s
	}
	s.users++
	return &s.values, func() { a.unshare(id, s) }, nil
}

func (a *author) unshare(id string, s *sharedByStage) {
	a.mu.Lock()
	s.users--
	last := s.users == 0
	if last {
		delete(a.shared, id)
	}
	a.mu.Unlock()
	if !last {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := s.values.Close(ctx); err != nil {
		a.log.Warn("what a stage shared was not closed", "error", err)
	}
}

// panicked is the error of a call that has panicked.
type panicked struct{ msg string }

func (p panicked) Error() string { return p.msg }

// guard calls the author's code. A panic is a permanent error, and is in the log with the place where it happened.
func guard(log *slog.Logger, call string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Error("panic in "+call, "panic", fmt.Sprint(r), "stack", shortStack(debug.Stack()))
			err = plugins.Permanent(panicked{fmt.Sprintf("panic in %s: %v", call, r)})
		}
	}()
	return f()
}

// shortStack returns the first calls of a stack below the panic.
func shortStack(stack []byte) string {
	const calls = 8
	lines := strings.Split(strings.TrimSpace(string(stack)), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+2 < len(lines) {
			lines = lines[i+2:] // a call is two lines
			break
		}
	}
	return strings.Join(lines[:min(len(lines), 2*calls)], "\n")
}
