package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/cli"
	"github.com/onstream/onstream/examples/plugins/modbus/simulator"
	"github.com/onstream/onstream/plugins/remote"
)

// asOnstream makes the test an onstream, where it is set.
const asOnstream = "ONSTREAM_OF_THE_TEST"

// TestMain makes the test an onstream, or the plugin where an onstream has started it.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(remote.Cookie) != "":
		os.Exit(serve())
	case os.Getenv(asOnstream) != "":
		os.Exit(cli.Main(cli.Config{Name: "onstream"}))
	}
	os.Exit(m.Run())
}

// onstream is the command.
func onstream(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asOnstream+"=1")
	return cmd
}

// pipeline copies the pipeline of the example, with one text in it for another, and puts the plugin where it looks for it.
func pipeline(t *testing.T, old, instead string) (dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("pipeline", "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("the pipeline has no %s", old)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(strings.Replace(string(text), old, instead, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "onstream-modbus")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPipeline runs the example over a simulated press that is hot.
func TestPipeline(t *testing.T) {
	t.Parallel()
	press, err := simulator.New("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := press.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := press.Stop(); err != nil {
			t.Error(err)
		}
	}()
	press.SetInput(100, 555)
	cmd := onstream(t, "run", "--var", "address="+press.Address(), pipeline(t, "500ms", "20ms"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk strings.Builder
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var got struct {
		Device  string            `json:"device"`
		Oil     float64           `json:"oil_c"`
		Quality string            `json:"quality"`
		Units   map[string]string `json:"units"`
	}
	if !lines.Scan() {
		t.Fatal("there is no record: ", cmd.Wait(), talk.String())
	}
	if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, lines.Bytes())
	}
	if got.Device != "press-4" || got.Oil != 55.5 || got.Quality != "good" || got.Units["pressure"] != "bar" {
		t.Errorf("the record is %s", lines.Bytes())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
}

// TestMistakesHaveAPlace has what the kind refuses told at the line where it is written.
func TestMistakesHaveAPlace(t *testing.T) {
	t.Parallel()
	for old, c := range map[string]struct{ instead, want string }{
		`"127.0.0.1:5020"`:                        {`"rtu:///dev/ttyUSB0"`, "is not Modbus TCP"},
		"kind    = \"coil\"":                      {"kind = \"coil\"\n    type = \"int16\"", "a coil is a single bit, and so a bool"},
		`interval = "500ms"`:                      {`interval = "0s"`, "interval must be at least 1ms"},
		"address = 10\n":                          {"address = 65536\n", "address must be at most 65535"},
		"  register \"running\" {":                {"  register \"quality\" {", `every record has a field "quality" already`},
		"when = default(event.oil_c, 0.0) > 50\n": {"when = event.oil > 50\n", "the record has no field oil"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			out, err := onstream(t, "validate", pipeline(t, old, c.instead)).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "main.hcl line ") {
				t.Errorf("validate says (%v):\n%s", err, out)
			}
		})
	}
}

// TestInspect has what the plugin offers told, with all of its attributes and the example.
func TestInspect(t *testing.T) {
	t.Parallel()
	at := filepath.Join(pipeline(t, "", ""), "bin", "onstream-modbus")
	out, err := onstream(t, "plugin", "inspect", at).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"modbus", "interval", "timeout", "max_backoff", "source \"modbus"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("inspect says nothing of %s:\n%s", want, out)
		}
	}
}
