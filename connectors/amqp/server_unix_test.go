//go:build unix

package amqp_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// own is a server of a test's own, which can be stopped and started again.
type own struct {
	addr   string
	secure string // with TLS, where lines of configuration have SECURE
	env    []string
	runs   []*exec.Cmd // the directory of nodes, which stays, and the server
	said   *os.File
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
	ports := freePorts(t, 4)
	o := &own{addr: fmt.Sprintf("127.0.0.1:%d", ports[0]), secure: fmt.Sprintf("127.0.0.1:%d", ports[3])}
	for name, text := range map[string]string{"plugins": "[].\n", "rabbitmq.conf": strings.ReplaceAll(strings.Join(append(config, "listeners.tcp.default = "+o.addr, ""), "\n"), "SECURE", o.secure)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	o.said = said
	names := fmt.Sprint(ports[1])
	o.env = append(os.Environ(), "HOME="+dir, "ERL_EPMD_PORT="+names, "ERL_EPMD_ADDRESS=127.0.0.1",
		fmt.Sprintf("RABBITMQ_NODENAME=test%d@localhost", ports[0]), fmt.Sprintf("RABBITMQ_DIST_PORT=%d", ports[2]),
		"RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"), "RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "mnesia"),
		"RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"), "RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}")
	o.launch(t, epmd, "-port", names, "-address", "127.0.0.1")
	o.start(t)
	t.Cleanup(func() {
		o.stop(syscall.SIGKILL)
		o.end(0, syscall.SIGKILL)
		_ = said.Close() // nobody writes to it any more
	})
	return o
}

func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // when all are found
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// launch starts a program with all that it starts in a group of its own.
func (o *own) launch(t testing.TB, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env, c.Stdout, c.Stderr = o.env, o.said, o.said
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	o.runs = append(o.runs, c)
}

func (o *own) start(t testing.TB) {
	t.Helper()
	o.launch(t, program)
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", o.addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(o.said.Name()) // to say more, if it can be read
			t.Fatalf("rabbitmq-server does not answer: %s", said)
		}
	}
}

// stop ends the server.
func (o *own) stop(how syscall.Signal) {
	o.end(1, how)
	o.runs = o.runs[:1]
}

func (o *own) end(i int, how syscall.Signal) {
	pid := o.runs[i].Process.Pid
	if err := syscall.Kill(-pid, how); err != nil && !errors.Is(err, syscall.ESRCH) {
		_ = o.runs[i].Process.Kill() // it may have ended
	}
	_ = o.runs[i].Wait()                    // how it ended is not what is tested
	_ = syscall.Kill(-pid, syscall.SIGKILL) // what it has started
}

// again returns what stops the server and starts it again.
func (o *own) again(how syscall.Signal) func(testing.TB) {
	return func(t testing.TB) {
		t.Helper()
		o.stop(how)
		o.start(t)
	}
}
