//go:build unix

package remote_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// untilGone waits for the end of a process.
func untilGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); runs(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// A plugin that is retired goes on for the stages that have it, and ends with the last of them.
func TestRetiredPluginServesItsStages(t *testing.T) {
	t.Parallel()
	p, r := launch(t, config(t, "serve"))
	pid := p.Pid()
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, nil)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	s := sinkOf(t, r, "acme_eat", nil)
	p.Retire()
	p.Retire()
	for range 2 {
		b := pool.Batch()
		b.SelectAll(2)
		copy(b.NewColumn("n", plugins.Int).Ints, []int64{2, 4})
		var out emitted
		if err := tr.Process(t.Context(), b, &out); err != nil || len(out.values) != 2 {
			t.Fatal(out.values, err)
		}
		if err := put(t, s, texts("1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, texts("1")); err != nil {
		t.Fatal("the plugin has ended before its last stage:", err)
	}
	if err := s.(plugins.Closer).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	untilGone(t, pid)
}

func TestRetiredPluginThatNobodyNeedsEnds(t *testing.T) {
	t.Parallel()
	p, _ := launch(t, config(t, "serve"))
	pid := p.Pid()
	p.Retire()
	untilGone(t, pid)
	if got := p.Pid(); got != 0 {
		t.Errorf("its process is %d", got)
	}
}

// Stages of a plugin that was closed fail with that, and start nothing.
func TestClosedPlugin(t *testing.T) {
	t.Parallel()
	p, r := launch(t, config(t, "serve"))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Transform("acme_keep")
	_, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), env(new(plugins.Pool), nil))
	if err == nil || err.Error() != "the plugin was closed" {
		t.Errorf("got %v", err)
	}
	if got := p.Pid(); got != 0 {
		t.Errorf("its process is %d", got)
	}
}

// A plugin whose parent is gone ends, also where the system does not tell it and its standard input does not end.
func TestPluginEndsWithItsParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command("/bin/sh", "-c", `"$0" serve </dev/null & echo "pid $!"; wait`, os.Args[0])
	parent.Env = []string{remote.Cookie + "=" + remote.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=1"}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid, serves := 0, false
	for lines := bufio.NewScanner(out); (pid == 0 || !serves) && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			if pid, err = strconv.Atoi(text); err != nil {
				t.Fatal(err)
			}
		}
		serves = serves || strings.HasPrefix(lines.Text(), "1|1|")
	}
	if pid == 0 || !serves {
		t.Fatal("the plugin does not serve")
	}
	if !runs(pid) {
		t.Fatal("it does not run while its parent does")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	untilGone(t, pid)
	_ = parent.Wait() // it was killed
}
