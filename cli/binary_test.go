package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// binary returns a command that runs the program as a process of its own, in a
// directory. Its output is kept.
func binary(t *testing.T, dir string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Not bound to t.Context, which ends before clean-ups that ask it to stop.
	cmd = exec.Command(exe, args...)
	cmd.Args[0] = "onstream" // see TestMain
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(dir, ".cache"), "GOCACHE="+goCache())
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// goCache is where Go keeps what it has compiled: what behaviours in Go are built with is there already.
func goCache() string {
	if dir := os.Getenv("GOCACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "go-build")
}

// succeed runs the program and returns its output.
func succeed(t *testing.T, dir string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd, out, talk := binary(t, dir, args...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("onstream %q: %v\n%s", args, err, talk)
	}
	return out.String(), talk.String()
}

// root is the folder of the project.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// write makes a file and the folders it is in.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// start runs the program in the background. What it says goes to a file.
func start(t *testing.T, dir string, args ...string) (cmd *exec.Cmd, log string) {
	t.Helper()
	cmd, _, _ = binary(t, dir, args...)
	log = filepath.Join(t.TempDir(), "log")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, log
}

// wait waits for a condition.
func wait(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen within %s", patience)
		}
	}
}
