package bus_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

// TestMain lets the test binary be a server.
func TestMain(m *testing.M) {
	if served, err := bus.Serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	} else if served {
		return
	}
	os.Exit(m.Run())
}

// sent is what was seen of it, each once.
type sent struct {
	mu    sync.Mutex
	texts []string
}

func (s *sent) see(_ string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := string(text); !slices.Contains(s.texts, t) {
		s.texts = append(s.texts, t)
	}
}

func (s *sent) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

// What a bus has confirmed is seen, in order, although the server is killed in between.
func TestClientsSurviveTheirServers(t *testing.T) {
	t.Parallel()
	for _, k := range bus.Kinds() {
		if k.Name != "kafka" && k.Name != "redis" { // the others have nothing before an engine has subscribed
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			if k.Absent != nil && k.Absent() != "" {
				t.Skip(k.Absent())
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			server, err := k.Start(ctx, t.TempDir(), filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer server.Kill()
			c := k.Connect(server.Addr(), "run")
			defer c.Close()
			if err := c.Make(ctx, "out.records"); err != nil {
				t.Fatal(err)
			}
			var s sent
			following, end := context.WithCancel(ctx)
			var done sync.WaitGroup
			done.Go(func() {
				if err := c.Follow(following, []string{"out.records"}, s.see); err != nil {
					t.Error(err)
				}
			})
			defer done.Wait()
			defer end()
			var want []string
			for i := range 40 {
				if i == 20 {
					server.Kill()
					if err := server.Start(ctx); err != nil {
						t.Fatal(err)
					}
				}
				want = append(want, fmt.Sprint(i))
				if _, err := c.Send(ctx, "out.records", []bus.Message{{Key: "d", Text: []byte(want[i])}}); err != nil {
					t.Fatal(err)
				}
			}
			for !slices.Equal(s.all(), want) {
				select {
				case <-ctx.Done():
					t.Fatalf("it saw %q", s.all())
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
	}
}

func TestUnknownServer(t *testing.T) {
	t.Parallel()
	if _, err := bus.Serve([]string{"serve", "pigeons", "127.0.0.1:1", t.TempDir()}); err == nil {
		t.Error("there is a server of pigeons")
	}
	if served, err := bus.Serve([]string{"-short"}); served || err != nil {
		t.Error("a command line of the harness is taken for a server's", err)
	}
}

func TestRelayCuts(t *testing.T) {
	t.Parallel()
	k := bus.Kinds()[0]
	server, err := k.Start(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	r, err := bus.NewRelay(t.Context(), server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 3 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = conn.Read(make([]byte, 1)) // the server says nothing by itself
		}()
		for over := false; !over; {
			r.Cut()
			select {
			case <-ended:
				over = true
			case <-time.After(5 * time.Millisecond): // it was not made yet
			}
		}
		conn.Close()
	}
}
