//go:build unix

package amqp_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
)

// own is a server of a test's own, which can be stopped and started again.
type own struct {
	addr   string
	secure string // with TLS, where lines of configuration have SECURE
	env    []string
	runs   []run // the directory of nodes, which stays, and the server
	said   *bustest.Journal
}

// run is a program with all that it starts, which is a group.
type run struct {
	pid   int
	ended chan struct{} // closed when none of the group says anything any more
}

const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// newOwn starts a server, with lines of configuration, or skips the test where there is none to start. It stops at the end of
// the test.
func newOwn(t testing.TB, config ...string) *own {
	t.Helper()
	server(t)
	epmd, err := exec.LookPath("epmd")
	if _, missing := os.Stat(program); err != nil || missing != nil {
		t.Skip("rabbitmq-server is not installed here, so that none can be stopped and started")
	}
	dir := t.TempDir()
	o := &own{addr: bustest.Nowhere(t), secure: bustest.Nowhere(t), said: &bustest.Journal{}}
	for name, text := range map[string]string{"plugins": "[].\n", "rabbitmq.conf": strings.ReplaceAll(strings.Join(append(config, "listeners.tcp.default = "+o.addr, ""), "\n"), "SECURE", o.secure)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port, names, between := portOf(o.addr), portOf(bustest.Nowhere(t)), portOf(bustest.Nowhere(t))
	o.env = append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+names, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME=test"+port+"@localhost", "RABBITMQ_DIST_PORT="+between,
		"RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"), "RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "mnesia"),
		"RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"), "RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}")
	o.launch(t, epmd, "-port", names, "-address", "127.0.0.1")
	o.start(t)
	t.Cleanup(func() {
		o.stop(syscall.SIGKILL)
		o.end(0, syscall.SIGKILL)
	})
	return o
}

func portOf(addr string) string {
	_, port, _ := strings.Cut(addr, ":")
	return port
}

// launch starts a program with all that it starts in a group of its own. The server is a script that starts another
// process: what it says comes over a pipe, of which the end tells that this one has ended, too.
func (o *own) launch(t testing.TB, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env, c.Stdout, c.Stderr = o.env, o.said, o.said
	c.SysProcAttr, c.WaitDelay = &syscall.SysProcAttr{Setpgid: true}, 30*time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := run{c.Process.Pid, make(chan struct{})}
	o.runs = append(o.runs, r)
	go func() {
		defer close(r.ended)
		_ = c.Wait() // how it ended is not what is tested
	}()
}

func (o *own) start(t testing.TB) {
	t.Helper()
	o.launch(t, program)
	for end := time.Now().Add(90 * time.Second); ; {
		conn, err := net.Dial("tcp", o.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("rabbitmq-server does not answer: %s", o.said)
		}
		select {
		case <-o.runs[1].ended:
			t.Fatalf("rabbitmq-server has ended: %s", o.said)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server, and waits until nobody is at its address.
func (o *own) stop(how syscall.Signal) {
	o.end(1, how)
	o.runs = o.runs[:1]
}

func (o *own) end(i int, how syscall.Signal) {
	_ = syscall.Kill(-o.runs[i].pid, how) // it may have ended
	<-o.runs[i].ended
	_ = syscall.Kill(-o.runs[i].pid, syscall.SIGKILL) // who does not end in order
}

// again returns what stops the server and starts it again.
func (o *own) again(how syscall.Signal) func(testing.TB) {
	return func(t testing.TB) {
		t.Helper()
		o.stop(how)
		o.start(t)
	}
}
