//go:build unix

package onstream_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// services runs scripts/services for the test's own folder.
func services(t *testing.T, dir string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("scripts/services", append([]string{"--dir", dir}, args...)...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ONSTREAM_TEST_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Skipf("it takes bash: %v", err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// A server starts, is found by the tests, comes back at the same address when it was killed, and
// leaves nothing behind.
func TestServices(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "services")
	const name = "redis" // the quickest
	if out, _ := services(t, dir, "status", name); strings.Contains(out, "not installed") {
		t.Skip(out)
	}
	t.Cleanup(func() { services(t, dir, "stop") })
	out, code := services(t, dir, "start", name)
	m := regexp.MustCompile(`redis: runs at (127\.0\.0\.1:\d+)`).FindStringSubmatch(out)
	if code != 0 || m == nil {
		t.Fatalf("start exits with %d: %s", code, out)
	}
	if out, _ := services(t, dir, "env", name); out != "export ONSTREAM_TEST_REDIS="+m[1]+"\n" {
		t.Errorf("env says %s", out)
	}
	if out, code := services(t, dir, "start", name); code != 0 || !strings.Contains(out, "runs already, at "+m[1]) {
		t.Errorf("a second start exits with %d: %s", code, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, name, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for { // until its address is free, which ends with the process
		conn, err := net.Dial("tcp", m[1])
		if err != nil {
			break
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if out, code := services(t, dir, "start", name); code != 0 || !strings.Contains(out, "runs at "+m[1]) {
		t.Errorf("a start after kill -9 exits with %d: %s", code, out)
	}
	if out, code := services(t, dir, "stop"); code != 0 || out != "redis: stopped\n" {
		t.Errorf("stop exits with %d: %s", code, out)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("there is left %v (%v)", left, err)
	}
	if out, _ := services(t, dir, "env", name); out != "ONSTREAM_TEST_REDIS is not set, tests with a real server are skipped: redis: does not run\n" {
		t.Errorf("env says %s", out)
	}
}

func TestServicesRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"start", "rediss"}, "there is no command and no server rediss"},
		{nil, "usage: scripts/services"},
		{[]string{"start", "stop"}, "usage: scripts/services"},
	} {
		if out, code := services(t, t.TempDir(), test.args...); code != 2 || !strings.Contains(out, test.want) {
			t.Errorf("%q exits with %d: %s", test.args, code, out)
		}
	}
}
