package mqtt_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
)

// mosquitto is a broker in a process of its own, which can be killed.
type mosquitto struct {
	binary, config, addr string

	mu  sync.Mutex
	cmd *exec.Cmd
}

// realServer returns a broker to test against. It is one of the test's own, so that it
// can be killed, where there is the program; otherwise the one that is up.
func realServer(t *testing.T) (addr string, own *mosquitto) {
	t.Helper()
	addr = bustest.Server(t, "ONSTREAM_TEST_MQTT")
	binary := findMosquitto()
	if binary == "" {
		return addr, nil
	}
	own = startMosquitto(t, binary, "")
	return own.addr, own
}

// ownBinary returns the program, or skips the test.
func ownBinary(t *testing.T) string {
	t.Helper()
	bustest.Server(t, "ONSTREAM_TEST_MQTT") // who wants real servers says so
	binary := findMosquitto()
	if binary == "" {
		t.Skip("mosquitto is not installed here, so that none can be set up and started")
	}
	return binary
}

// findMosquitto returns the program, "" for none.
func findMosquitto() string {
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if binary, err := exec.LookPath(name); err == nil {
			return binary
		}
	}
	return ""
}

// startMosquitto starts one that keeps what it has confirmed.
func startMosquitto(t *testing.T, binary, more string) *mosquitto {
	t.Helper()
	dir := t.TempDir()
	m := &mosquitto{binary: binary, config: filepath.Join(dir, "mosquitto.conf"), addr: bustest.Nowhere(t)}
	_, port, _ := net.SplitHostPort(m.addr)
	if more == "" {
		more = "allow_anonymous true\n"
	}
	text := fmt.Sprintf("user root\nlistener %s 127.0.0.1\n%spersistence true\npersistence_location %s/\nautosave_interval 1\nmax_queued_messages 0\nmax_inflight_messages 1000\nlog_dest none\n", port, more, dir)
	if err := os.WriteFile(m.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start(t)
	t.Cleanup(func() { m.stop(os.Kill) })
	return m
}

func (m *mosquitto) start(t testing.TB) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cmd = exec.Command(m.binary, "-c", m.config)
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; {
		conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", m.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("mosquitto does not answer at %s: %v", m.addr, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (m *mosquitto) stop(how os.Signal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.cmd.Process.Signal(how) // it may have ended
	_ = m.cmd.Wait()              // with what the signal makes of it
}

func (m *mosquitto) restart(t testing.TB) {
	m.stop(os.Interrupt)
	m.start(t)
}

func (m *mosquitto) kill(t testing.TB) {
	m.stop(os.Kill)
	m.start(t)
}
