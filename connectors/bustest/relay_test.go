package bustest_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, r *bustest.Relay) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// says reports whether what is sent comes back within a time.
func says(t *testing.T, c net.Conn, text string, within time.Duration) bool {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		return false
	}
	return hears(t, c, text, within)
}

func hears(t *testing.T, c net.Conn, text string, within time.Duration) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	n, err := io.ReadFull(c, got)
	return err == nil && string(got[:n]) == text
}

const long, short = 30 * time.Second, 50 * time.Millisecond

func TestRelay(t *testing.T) {
	t.Parallel()
	r := bustest.NewRelay(t, echo(t))
	c := dial(t, r)
	if !says(t, c, "hello", long) || r.Received() != 5 {
		t.Fatalf("the relay does not pass on: %d bytes received", r.Received())
	}

	r.Stall()
	if says(t, c, "stalled", short) {
		t.Error("bytes came through while the relay was stalled")
	}
	r.Resume()
	if !hears(t, c, "stalled", long) {
		t.Error("what was on its way did not come after the stall")
	}

	r.Delay(10 * time.Millisecond)
	began := time.Now()
	if !says(t, c, "late", long) || time.Since(began) < 20*time.Millisecond {
		t.Errorf("with a delay in both directions, it took %v", time.Since(began))
	}
	r.Delay(0)

	r.Cut()
	if says(t, c, "cut", long) {
		t.Error("a connection lives that was cut")
	}
	if c = dial(t, r); !says(t, c, "again", long) {
		t.Error("after a cut, no new connection can be made")
	}

	r.Shut()
	if says(t, c, "shut", long) || says(t, dial(t, r), "shut", long) {
		t.Error("something goes through a relay that is shut")
	}
	r.Open()
	if !says(t, dial(t, r), "open", long) {
		t.Error("nothing goes through a relay that was opened again")
	}
}

func TestRelayWithoutAServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if says(t, dial(t, bustest.NewRelay(t, l.Addr().String())), "anybody", long) {
		t.Error("somebody answered")
	}
}
