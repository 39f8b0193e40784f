package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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
	front *Relay // through which everybody reaches it, nil for none
	ready func(ctx context.Context, addr string) error
	words command
	log   string
	cmd   *exec.Cmd
	life  io.Closer // the server's standard input: it ends when that does
	ended chan struct{}
}

// startLimit is how long a server may take to answer, and to end: some take long on a machine that has much to do.
const startLimit = 2 * time.Minute

// Start starts a server of a kind, with its data in a folder that is there.
func (k Kind) Start(ctx context.Context, dir, log string) (_ *Server, err error) {
	s := &Server{log: log, ready: k.Ready}
	if s.addr, err = FreeAddr(); err != nil {
		return nil, err
	}
	if k.Fronted {
		if s.front, err = NewRelay(ctx, s.addr); err != nil {
			return nil, err
		}
	}
	if s.words, err = k.Launch(site{s.addr, s.Addr(), dir}); err != nil {
		return nil, fmt.Errorf("start %s: %w", k.Server, err)
	}
	return s, s.Start(ctx)
}

// FreeAddr returns an address of the loopback at which nobody listens. Its port is below those that systems give to
// programs that ask for any: so nobody takes it before a server starts there, or while it is killed.
func FreeAddr() (addr string, err error) {
	const lowest, ports, attempts = 20000, 12000, 1000
	for range attempts {
		var l net.Listener
		addr = fmt.Sprintf("127.0.0.1:%d", lowest+rand.N(ports))
		if l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}

// Addr returns where clients reach the server, HOST:PORT.
func (s *Server) Addr() string {
	if s.front != nil {
		return s.front.Addr()
	}
	return s.addr
}

// Start starts the server again, and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	log, err := os.OpenFile(s.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(s.words.words[0], s.words.words[1:]...)
	asGroup(cmd)
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
			_ = c.Close() // nothing was sent over it
			if s.ready == nil {
				return nil
			}
			if err := s.ready(waiting, s.Addr()); err != nil {
				return fmt.Errorf("a server does not get ready: see %s: %w", s.log, err)
			}
			return nil
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
	_ = signalGroup(s.cmd.Process, syscall.SIGKILL) // it may be gone already
	<-s.ended
	_ = s.life.Close() // it reads no more
}

// Close ends the server for good.
func (s *Server) Close() {
	if s.cmd != nil {
		s.Kill()
	}
	if s.front != nil {
		s.front.Close()
	}
}

// Stop asks the server to end.
func (s *Server) Stop() error {
	if err := s.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
		s.Kill() // what it has started, too
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
func (s *Server) Freeze() error { return s.signalAll(signalStop) }

// Thaw has the server go on.
func (s *Server) Thaw() error { return s.signalAll(signalContinue) }

func (s *Server) signalAll(sig syscall.Signal) error {
	if err := signalGroup(s.cmd.Process, sig); err != nil {
		return fmt.Errorf("send %s to a server: %w", sig, err)
	}
	return nil
}

// CutAll ends all connections of a server that knows how to do so, or has a relay in front of it.
func (s *Server) CutAll() error {
	if s.front != nil {
		s.front.Cut()
		return nil
	}
	return s.Signal(signalCut)
}
