package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// outcome runs the program to its end and returns its exit code and what it
// wrote.
func outcome(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd, out, talk := binary(t, dir, args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), talk.String()
}

// life is the program in the background, with its metrics.
type life struct {
	t     *testing.T
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// live starts a run of the program with the arguments given, and environment
// variables as in os.Environ.
func live(t *testing.T, dir string, env []string, args ...string) *life {
	t.Helper()
	cmd, _, _ := binary(t, dir, append([]string{"run", "--http", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	l := &life{t: t, cmd: cmd, log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	f, err := os.Create(l.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.ended)
		_ = cmd.Wait() // how it ended is asked of ProcessState
	}()
	t.Cleanup(l.kill)
	return l
}

func (l *life) signal(s os.Signal) {
	l.t.Helper()
	if err := l.cmd.Process.Signal(s); err != nil {
		l.t.Fatalf("%v\n%s", err, l.said())
	}
}

func (l *life) said() string { return read(l.t, l.log) }

// awaitLog waits until the log has a match, and returns its last group.
func (l *life) awaitLog(pattern string) string {
	l.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	l.await("a match of "+pattern, func() bool {
		found = re.FindStringSubmatch(l.said())
		return found != nil
	})
	return found[len(found)-1]
}

// await waits for a condition while the program lives.
func (l *life) await(what string, holds func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		select {
		case <-l.ended:
			if !holds() {
				l.t.Fatalf("it ended before %s: %v\n%s", what, l.cmd.ProcessState, l.said())
			}
			return
		default:
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("%s did not happen within %s\n%s", what, patience, l.said())
		}
	}
}

// ready waits until every stage runs.
func (l *life) ready() {
	l.t.Helper()
	l.await("that it is ready", func() bool { return l.metric("onstream_pipeline_ready") == 1 })
}

// end waits until the program has ended by itself, and returns its exit code.
func (l *life) end() int {
	<-l.ended
	return l.cmd.ProcessState.ExitCode()
}

// stop asks the program to end, and waits until it has.
func (l *life) stop() {
	l.t.Helper()
	l.signal(syscall.SIGTERM)
	if code := l.end(); code != 0 {
		l.t.Fatalf("exit code %d\n%s", code, l.said())
	}
}

func (l *life) kill() {
	_ = l.cmd.Process.Kill() // it may have ended
	<-l.ended
}

// metric returns the sum of the metrics of a name whose labels contain all of
// the texts given.
func (l *life) metric(name string, labels ...string) float64 {
	l.t.Helper()
	resp, err := http.Get(l.awaitLog(`url=(\S+)`))
	if err != nil {
		return 0 // it ends
	}
	defer resp.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if !strings.HasPrefix(series, name) || len(series) > len(name) && series[len(name)] != '{' {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				n = 0
			}
		}
		sum += n
	}
	return sum
}

// recordsIn reads records of a file, without one that is cut off; none where there
// is no file.
func recordsIn[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	for d := json.NewDecoder(f); ; {
		var v T
		switch err := d.Decode(&v); {
		case err == nil:
			all = append(all, v)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return all
		default:
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// addTo appends to a file.
func addTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// deadLetter is a dead letter.
type deadLetter struct {
	Stage   string `json:"stage"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Payload string `json:"payload"`
	Base64  string `json:"payload_base64"`
}

// clippedTo returns the beginning of a text that is too long to be shown.
func clippedTo(n int, s string) string {
	if len(s) <= n {
		return s
	}
	return fmt.Sprintf("%s... (%d bytes)", s[:n], len(s))
}

// summaryIn reads the summary in JSON behind a log, and checks that all is
// accounted for.
func summaryIn(t *testing.T, said []byte) map[string]stageSummary {
	t.Helper()
	out := said[max(0, bytes.LastIndex(said, []byte("{\"pipeline\""))):]
	var s struct {
		Balanced bool           `json:"balanced"`
		Stages   []stageSummary `json:"stages"`
	}
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !s.Balanced {
		t.Errorf("in + made = out + filtered + dead + held does not hold:\n%s", out)
	}
	stages := map[string]stageSummary{}
	for _, st := range s.Stages {
		stages[st.Addr] = st
	}
	return stages
}

// stageSummary is what the summary tells of a stage.
type stageSummary struct {
	Addr     string `json:"addr"`
	In       int    `json:"in"`
	Made     int    `json:"made"`
	Out      int    `json:"out"`
	Filtered int    `json:"filtered"`
	Dead     int    `json:"dead"`
	Held     int    `json:"held"`
}

// sorted puts lines in order.
func sorted(text string) string {
	ls := strings.Split(text, "\n")
	slices.Sort(ls)
	return strings.Join(ls, "\n")
}
