package remote

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// servedAs is the variable that makes a plugin of this test program, and says which.
const servedAs = "ONSTREAM_TEST_SERVED"

// TestServed is the plugin that the other tests start; it is nothing by itself.
func TestServed(t *testing.T) {
	switch os.Getenv(servedAs) {
	case "good":
		os.Exit(Serve(Serving{Name: "acme", Version: "1.2.3", Registry: registryOf(t, sinkOf(sinkFuncs{}))}))
	case "keyed":
		k := numbers(withTwice, nil)
		k.Keyed = true
		os.Exit(Serve(Serving{Name: "acme", Registry: registryOf(t, k)}))
	}
}

// served is the command that starts this program as a plugin.
func served(t *testing.T, as string, env ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // bounds a test that hangs
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServed$")
	cmd.Env = append([]string{servedAs + "=" + as, "TMPDIR=" + t.TempDir()}, env...)
	return cmd
}

// exitCode is how a program has ended.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

func TestAPluginStartedByHandTellsWhatItIs(t *testing.T) {
	t.Parallel()
	for as, want := range map[string]string{
		"good":  "acme 1.2.3 is a plugin of onstream: a program that onstream starts. It offers\n\n  sink  acme_out",
		"keyed": "plugin acme cannot be served: transform kind \"numbers\": it keeps something per key, and what is kept belongs to the engine\n",
	} {
		var stderr, stdout strings.Builder
		cmd := served(t, as)
		cmd.Stderr, cmd.Stdout = &stderr, &stdout
		if code := exitCode(t, cmd.Run()); code != exitUsage || !strings.HasPrefix(stderr.String(), want) || stdout.Len() > 0 {
			t.Errorf("%s ends with %d, says %q and %q", as, code, stderr.String(), stdout.String())
		}
	}
}

func TestAPluginEndsWithItsHost(t *testing.T) {
	t.Parallel()
	cmd := served(t, "good", Cookie+"="+CookieValue, "PLUGIN_PROTOCOL_VERSIONS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "1|1|") || !strings.Contains(line, "|grpc|") {
		t.Errorf("%q %v", line, err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Error(err)
	}
	if code := exitCode(t, cmd.Wait()); code != exitFailed || !strings.Contains(stderr.String(), "the plugin ends: its host has closed standard input") {
		t.Errorf("it ends with %d and says %s", code, stderr.String())
	}
}
