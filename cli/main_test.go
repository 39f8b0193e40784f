package cli

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what programs print into the scripts that compare it")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"onstream": func() { os.Exit(Main(Config{})) }})
}

// TestScripts runs the real binary. Besides the commands of testscript there
// are
//
//	exits CODE program args...    runs a program that ends with this code
//	await FILE REGEXP [VAR]       waits until the file has a match; its first group becomes $VAR
//	sends SIGNAL                  sends HUP, INT, KILL or TERM to the programs in the background
//	insists SIGNAL                does so until they have ended
//	gets URL REGEXP               waits until the answer to a GET has a match
//	posts URL BODY CODE REGEXP    expects this answer to a POST
//	rewrites FILE OLD NEW         replaces text in a file, at once
//	truncates FILE RECORDS BYTES  writes the first bytes of {"n":0}, {"n":1} and so on, compressed with gzip
//	plugs FILE [VERSION]          builds the plugin of testdata/acme
//	gone PID                      waits until a process has ended
//	crafts FILE KIND [MANIFEST]   writes a WebAssembly module, see modulekinds_test.go
//
// and $REPO, the root of the project, and $ONSTREAM, the binary, for scripts that change the PATH.
func TestScripts(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return setup(env, cache) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"await":     await,
			"sends":     sends,
			"insists":   insists,
			"gets":      gets,
			"posts":     posts,
			"rewrites":  rewrites,
			"truncates": truncates,
			"crafts":    crafts,
			"plugs":     plugs,
			"gone":      gone,
		},
	})
}

// setup tells a script where the project is, and where things are kept that take long to make: modules in a folder for
// all scripts, what Go has compiled where it always is.
func setup(env *testscript.Env, cache string) error {
	repo, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	env.Setenv("REPO", repo)
	program, err := exec.LookPath("onstream")
	if err != nil {
		return err
	}
	env.Setenv("ONSTREAM", program)
	env.Setenv("XDG_CACHE_HOME", cache)
	env.Setenv("GOCACHE", goCache())
	return nil
}

// patience is how long a condition may take to come true on a busy machine.
const patience = time.Minute

// until waits for a condition.
func until(ts *testscript.TestScript, what string, holds func() bool) {
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not happen within %s", what, patience)
		}
	}
}

func arguments(ts *testscript.TestScript, neg bool, args []string, least int, usage string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "exits CODE program args...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "await FILE REGEXP [VAR]")
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var text []byte
	until(ts, fmt.Sprintf("a match of %q in %s", args[1], args[0]), func() bool {
		text, _ = os.ReadFile(ts.MkAbs(args[0]))
		return re.Match(text)
	})
	if len(args) > 2 {
		ts.Setenv(args[2], string(re.FindSubmatch(text)[1]))
	}
}

// theSignals are those that scripts send.
func theSignals() map[string]os.Signal {
	return map[string]os.Signal{"HUP": syscall.SIGHUP, "INT": os.Interrupt, "KILL": os.Kill, "TERM": syscall.SIGTERM}
}

func sends(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "sends SIGNAL")
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(theSignals()[args[0]]))
	}
}

func insists(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1, "insists SIGNAL")
	until(ts, "the end of the programs", func() bool {
		ended := true
		for _, cmd := range ts.BackgroundCmds() {
			ended = errors.Is(cmd.Process.Signal(theSignals()[args[0]]), os.ErrProcessDone) && ended
		}
		return ended
	})
}

func gets(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "gets URL REGEXP")
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var body []byte
	until(ts, fmt.Sprintf("a match of %q at %s", args[1], args[0]), func() bool {
		resp, err := http.Get(args[0])
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, _ = io.ReadAll(resp.Body)
		return re.Match(body)
	})
}

func posts(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 4, "posts URL BODY CODE REGEXP")
	resp, err := http.Post(args[0], "application/json", strings.NewReader(args[1]))
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Logf("%s %s", resp.Status, bytes.TrimSpace(body))
	if strconv.Itoa(resp.StatusCode) != args[2] || !regexp.MustCompile(args[3]).Match(body) {
		ts.Fatalf("answer is %s %q, want %s and a match of %q", resp.Status, body, args[2], args[3])
	}
}

func rewrites(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "rewrites FILE OLD NEW")
	name := ts.MkAbs(args[0])
	text, err := os.ReadFile(name)
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[1])) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name+".new", bytes.ReplaceAll(text, []byte(args[1]), []byte(args[2])), 0o600))
	ts.Check(os.Rename(name+".new", name))
}

func truncates(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "truncates FILE RECORDS BYTES")
	records, err := strconv.Atoi(args[1])
	ts.Check(err)
	size, err := strconv.Atoi(args[2])
	ts.Check(err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for n := range records {
		fmt.Fprintf(w, "{\"n\":%d}\n", n)
	}
	ts.Check(w.Close())
	if b.Len() <= size {
		ts.Fatalf("%d records are %d bytes only", records, b.Len())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes()[:size], 0o600))
}
