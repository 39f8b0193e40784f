package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// builtPlugins are the plugins that were built, by version; each is built once for all tests.
var builtPlugins sync.Map

// builtPlugin returns the program of the plugin in testdata/acme, of a version.
func builtPlugin(version string) ([]byte, error) {
	build := sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "acme")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "acme")
		cmd := exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", file, "./testdata/acme")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the plugin: %w\n%s", err, out)
		}
		return os.ReadFile(file)
	})
	once, _ := builtPlugins.LoadOrStore(version, build)
	return once.(func() ([]byte, error))()
}

func plugs(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "plugs FILE [VERSION]")
	version := "1.0.0"
	if len(args) > 1 {
		version = args[1]
	}
	program, err := builtPlugin(version)
	ts.Check(err)
	file := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(file), 0o700))
	ts.Check(os.WriteFile(file+".new", program, 0o700))
	ts.Check(os.Rename(file+".new", file))
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "gone PID")
	pid, err := strconv.Atoi(args[0])
	ts.Check(err)
	until(ts, "the end of process "+args[0], func() bool { return hasEnded(pid) })
}

// hasEnded reports whether a process has ended, also where nobody has asked how.
func hasEnded(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		return bytes.Contains(stat, []byte(") Z "))
	}
	p, err := os.FindProcess(pid)
	return err != nil || p.Signal(syscall.Signal(0)) != nil
}
