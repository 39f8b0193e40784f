package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
		{"README.md", 12, func(t *testing.T, dir, readme string) {
			write(t, filepath.Join(dir, "hello", "main.hcl"), block(t, readme, "hcl"))
		}},
		{"examples/quickstart/README.md", 4, nil},
		{"examples/machine-health/README.md", 3, func(t *testing.T, dir, _ string) {
			write(t, filepath.Join(dir, "my-machine.csv"), read(t, filepath.Join(dir, "examples/machine-health/sample.csv")))
		}},
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
	for _, cmd := range newRoot(&cli{lookupEnv: func(string) (string, bool) { return "", false }}).Commands() {
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

// TestHTTPIngestReadme starts the example and sends it what its README sends.
func TestHTTPIngestReadme(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	commands := commandsOf(read(t, filepath.Join(dir, "examples/http-ingest/README.md")))
	if len(commands) < 4 || commands[0] != "onstream run examples/http-ingest" {
		t.Fatalf("commands are %q", commands)
	}
	// The port of the README may be taken here.
	cmd, log := start(t, dir, append(split(commands[0])[1:], "--var", "listen=127.0.0.1:0")...)
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("onstream: %v\n%s", err, read(t, log))
		}
	}()
	addr := ""
	wait(t, func() bool {
		addr = regexp.MustCompile(`127\.0\.0\.1:[1-9]\d*`).FindString(read(t, log))
		return addr != ""
	})
	for _, command := range commands[1:] {
		if code, body := curl(t, command, addr); code != http.StatusOK {
			t.Errorf("%s: %d %s", command, code, body)
		}
	}
	for name, want := range map[string]int{"readings.ndjson": 2, "readings.ndjson.errors": 1} {
		if got := strings.Count(read(t, filepath.Join(dir, name)), "\n"); got != want {
			t.Errorf("%s has %d lines, want %d", name, got, want)
		}
	}
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
