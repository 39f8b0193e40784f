//go:build unix

package redis_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
)

// own is a server of a test's own, which can be stopped and started again.
type own struct {
	addr string
	args []string
	run  *exec.Cmd
}

// newOwn starts a server, or skips the test where there is none to start. In arguments, PORT stands for its
// port. It stops at the end of the test.
func newOwn(t testing.TB, args ...string) *own {
	t.Helper()
	server(t)
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed here, so that none can be stopped and started")
	}
	addr := bustest.Nowhere(t)
	_, port, _ := net.SplitHostPort(addr)
	o := &own{addr: addr, args: append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--logfile", "log",
	}, args...)}
	for i := range o.args {
		o.args[i] = strings.ReplaceAll(o.args[i], "PORT", port)
	}
	o.start(t)
	t.Cleanup(func() { o.stop(os.Kill) })
	return o
}

func (o *own) start(t testing.TB) {
	t.Helper()
	o.run = exec.Command("redis-server", o.args...)
	if err := o.run.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", o.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal("redis-server does not answer")
		}
	}
}

func (o *own) stop(how os.Signal) {
	_ = o.run.Process.Signal(how) // it may have ended
	_ = o.run.Wait()              // how it ended is not what is tested
}

// again returns what stops the server and starts it again.
func (o *own) again(how os.Signal) func(testing.TB) {
	return func(t testing.TB) {
		t.Helper()
		o.stop(how)
		o.start(t)
	}
}
