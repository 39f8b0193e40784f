package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestReadmeCommands executes every command of the README and of those of the
// examples, in a copy of what they talk about.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		readme string
		least  int // commands that must be found
		files  func(t *testing.T, dir, readme string)
	}{
		{"README.md", 20, hello},
		{"examples/quickstart/README.md", 4, nil},
		{"examples/machine-health/README.md", 3, func(t *testing.T, dir, _ string) {
			write(t, filepath.Join(dir, "my-machine.csv"), read(t, filepath.Join(dir, "examples/machine-health/sample.csv")))
		}},
		{"examples/device-minutes/README.md", 3, nil},
		{"examples/line-join/README.md", 3, nil},
		{"examples/watchdog/README.md", 3, nil},
		{"examples/bus-swap/README.md", 3, nil},
		{"examples/cold-chain/README.md", 4, nil},
		{"examples/mongo-history/README.md", 3, nil},
	} {
		t.Run(test.readme, func(t *testing.T) {
			t.Parallel()
			readme := read(t, filepath.Join(root(t), test.readme))
			dir := workspace(t)
			if test.files != nil {
				test.files(t, dir, readme)
			}
			commands := commandsOf(readme)
			if len(commands) < test.least {
				t.Errorf("found %d commands, want at least %d: %q", len(commands), test.least, commands)
			}
			for _, command := range commands {
				execute(t, dir, command)
			}
		})
	}
}

// hello makes the pipeline of the README: the first of its blocks, and the one
// that counts.
func hello(t *testing.T, dir, readme string) {
	t.Helper()
	write(t, filepath.Join(dir, "hello", "main.hcl"), block(t, readme, "hcl"))
	_, state, found := strings.Cut(readme, "## State that survives")
	if !found {
		t.Fatal("there is nothing about state")
	}
	write(t, filepath.Join(dir, "hello", "total.hcl"), block(t, state, "hcl"))
}

// TestReadmeState counts on where the first run of the README ended.
func TestReadmeState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hello(t, dir, read(t, filepath.Join(root(t), "README.md")))
	for _, want := range []string{`{"ticks":5}`, `{"ticks":10}`} {
		if out, _ := succeed(t, dir, "run", "--state", "state", "hello"); !strings.Contains(out, want) {
			t.Errorf("there is no %s in\n%s", want, out)
		}
	}
}

// TestReadmeMistake makes the mistake of the first pipeline that the README
// tells of.
func TestReadmeMistake(t *testing.T) {
	t.Parallel()
	readme := read(t, filepath.Join(root(t), "README.md"))
	m := regexp.MustCompile("Write `(.+)` instead\\s+of `(.+)`, and `validate` will ask whether you meant `(.+)`").FindStringSubmatch(readme)
	pipeline := block(t, readme, "hcl")
	if m == nil || !strings.Contains(pipeline, m[2]) {
		t.Fatalf("the mistake is %q", m)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "hello", "main.hcl"), strings.Replace(pipeline, m[2], m[1], 1))
	cmd, _, talk := binary(t, dir, "validate", "hello")
	if err := cmd.Run(); err == nil {
		t.Error("the mistake is valid")
	}
	if want := fmt.Sprintf("did you mean %q?", m[3]); !strings.Contains(talk.String(), want) {
		t.Errorf("there is no %s in\n%s", want, talk)
	}
}

// TestHelpExamples executes the examples of the help that are about pipelines
// that everybody has.
func TestHelpExamples(t *testing.T) {
	t.Parallel()
	found := 0
	for _, cmd := range newRoot(&cli{config: Config{Name: "onstream"}, lookupEnv: func(string) (string, bool) { return "", false }}).Commands() {
		// What run does is seen with the READMEs.
		if cmd.Name() == "run" {
			continue
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.Contains(line, "examples/") {
				continue
			}
			found++
			command, _, _ := strings.Cut(strings.TrimSpace(line), "   ") // a comment follows
			t.Run(command, func(t *testing.T) {
				t.Parallel()
				execute(t, workspace(t), command)
			})
		}
	}
	if found < 5 {
		t.Errorf("found %d examples", found)
	}
}

// workspace is a folder with the examples.
func workspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(root(t), "examples"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// execute runs one command. Those of make stand for what they call: building
// once more, or running all tests from a test, would prove nothing.
func execute(t *testing.T, dir, command string) {
	t.Helper()
	words := split(command)
	switch words[0] {
	case "make":
		recipe := recipeOf(t, words[1])
		if words[1] == "run" {
			execute(t, dir, recipe)
		}
	case "onstream", "bin/onstream":
		t.Log(command)
		stdout, stderr := succeed(t, dir, words[1:]...)
		if stdout+stderr == "" && words[1] == "run" && !strings.Contains(command, "machine-health") {
			t.Errorf("%s shows nothing", command)
		}
	default:
		t.Errorf("nobody knows how to test %q", command)
	}
}

// recipeOf returns the first command of a target of the Makefile.
func recipeOf(t *testing.T, target string) string {
	t.Helper()
	makefile := read(t, filepath.Join(root(t), "Makefile"))
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:.*\n\t(.+)$`).FindStringSubmatch(makefile)
	if m == nil {
		t.Fatalf("the Makefile has no target %q", target)
	}
	return m[1]
}

// TestHTTPIngestReadme does what the README of the example does: it sends
// readings, kills the pipeline, and replays what failed.
func TestHTTPIngestReadme(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	commands := commandsOf(read(t, filepath.Join(dir, "examples/http-ingest/README.md")))
	if len(commands) < 11 {
		t.Fatalf("commands are %q", commands)
	}
	var cmd *exec.Cmd
	var log, addr string
	stop := func(signal os.Signal) {
		_ = cmd.Process.Signal(signal)
		if err := cmd.Wait(); err != nil && signal != os.Kill {
			t.Errorf("onstream: %v\n%s", err, read(t, log))
		}
	}
	for _, command := range commands {
		words := split(command)
		switch {
		case strings.HasPrefix(command, "onstream run "):
			// The port of the README may be taken here.
			cmd, log = start(t, dir, append(words[1:], "--var", "listen=127.0.0.1:0")...)
			addr = listening(t, log)
		case words[0] == "curl":
			if code, body := curl(t, command, addr); code != http.StatusOK {
				t.Errorf("%s: %d %s", command, code, body)
			}
		case command == "pkill -9 onstream":
			stop(os.Kill)
		case command == "pkill -HUP onstream":
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		case words[0] == "mv":
			// The one that was killed may not have written everything.
			wait(t, func() bool {
				readings, _ := os.ReadFile(filepath.Join(dir, "readings.ndjson"))
				failed, _ := os.ReadFile(filepath.Join(dir, words[1]))
				return len(unique(string(readings))) == 2 && len(unique(string(failed))) == 1
			})
			if err := os.Rename(filepath.Join(dir, words[1]), filepath.Join(dir, words[2])); err != nil {
				t.Fatal(err)
			}
		default:
			execute(t, dir, command)
		}
	}
	defer func() { stop(os.Interrupt) }()
	wait(t, func() bool {
		moved, _ := os.ReadFile(filepath.Join(dir, "failed.ndjson"))
		failed, _ := os.ReadFile(filepath.Join(dir, "readings.ndjson.errors"))
		return strings.Contains(string(moved)+string(failed), `"partition":"replay/`)
	})
}

// listening returns the address at which a pipeline in the background listens.
func listening(t *testing.T, log string) (addr string) {
	t.Helper()
	wait(t, func() bool {
		addr = regexp.MustCompile(`127\.0\.0\.1:[1-9]\d*`).FindString(read(t, log))
		return addr != ""
	})
	return addr
}

// unique returns the times of the readings in a file: one that was written
// twice counts once.
func unique(text string) map[string]bool {
	times := map[string]bool{}
	for _, m := range regexp.MustCompile(`"ts\\*": *\\*"([^"\\]+)`).FindAllStringSubmatch(text, -1) {
		times[m[1]] = true
	}
	return times
}

// curl does what a command says: curl [-H HEADER] --data-binary BODY URL, at an address.
func curl(t *testing.T, command, addr string) (code int, body string) {
	t.Helper()
	words := split(command)
	if words[0] != "curl" {
		t.Fatalf("nobody knows how to test %q", command)
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}} // what curl says
	var data, url string
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case "--data-binary":
			i++
			data = words[i]
		default:
			url = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(words[i], addr)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// commandsOf returns the lines of the sh blocks of a document.
func commandsOf(doc string) []string {
	var commands []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		for line := range strings.Lines(m[1]) {
			if line = strings.TrimSpace(line); line != "" {
				commands = append(commands, line)
			}
		}
	}
	return commands
}

// block returns the first block of a language in a document.
func block(t *testing.T, doc, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(doc, "```"+language+"\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("there is no block in %s", language)
	}
	return text
}

// split cuts a command into words, as a shell does with single quotes.
func split(command string) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(command, -1) {
		words = append(words, m[1]+m[2])
	}
	return words
}

// TestSplit shows the shell commands that the READMEs may have.
func TestSplit(t *testing.T) {
	t.Parallel()
	got := split(`curl --data-binary '{"a": "b c"}' http://x`)
	if want := []string{"curl", "--data-binary", `{"a": "b c"}`, "http://x"}; strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}
