package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// command is how a server is started.
type command struct {
	words []string
	env   []string
}

// Server is a server of ours, in a process of its own. It keeps its address and data over
// restarts.
type Server struct {
	addr  string
	words command
	log   string
	cmd   *exec.Cmd
	life  io.Closer // the server's standard input: it ends when that does
	ended chan struct{}
}

// startLimit is how long a server may take to answer, and to end.
const startLimit = 30 * time.Second

// Start starts a server of a kind, with its data in a folder that is there.
func (k Kind) Start(ctx context.Context, dir, log string) (*Server, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	c, err := k.Launch(addr, dir)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", k.Server, err)
	}
	s := &Server{addr: addr, words: c, log: log}
	return s, s.Start(ctx)
}

// FreeAddr returns an address of the loopback at which nobody listens.
func FreeAddr() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Addr returns HOST:PORT.
func (s *Server) Addr() string { return s.addr }

// Start starts the server again, and waits until it takes connections.
func (s *Server) Start(ctx context.Context) error {
	log, err := os.OpenFile(s.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(s.words.words[0], s.words.words[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, append(os.Environ(), s.words.env...)
	if s.life, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	ended := make(chan struct{})
	s.cmd, s.ended = cmd, ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it was killed by is known
	}()
	waiting, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	for {
		c, err := new(net.Dialer).DialContext(waiting, "tcp", s.addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("a server ended at its start: see %s", s.log)
		case <-waiting.Done():
			return fmt.Errorf("a server does not answer: see %s: %w", s.log, context.Cause(waiting))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may be gone already
	<-s.ended
	_ = s.life.Close() // it reads no more
}

// Stop asks the server to end.
func (s *Server) Stop() error {
	if err := s.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
		_ = s.life.Close() // it reads no more
		return nil
	case <-time.After(startLimit):
		s.Kill()
		return errors.New("a server did not end when it was asked to")
	}
}

// Signal sends a signal, which a server that is gone does not get.
func (s *Server) Signal(sig os.Signal) error {
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to a server: %w", sig, err)
	}
	return nil
}

// Freeze has the server stand still: connections stay, and nothing answers. Thaw
// ends it.
func (s *Server) Freeze() error { return s.Signal(signalStop) }

// Thaw has the server go on.
func (s *Server) Thaw() error { return s.Signal(signalContinue) }

// CutAll has a server that knows how to do so end all its connections.
func (s *Server) CutAll() error { return s.Signal(signalCut) }
