package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRefusedAsPlanned stops a pipeline whose sink is down, and changes it: what
// plan refuses is what run refuses, in the same words.
func TestRefusedAsPlanned(t *testing.T) {
	t.Parallel()
	down := strings.NewReplacer(`sink "file" "out"`, `sink "http" "out"`, `path = "out.ndjson"`, `url = "http://127.0.0.1:1/"`).Replace(counting)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), strings.Replace(down, `path = "in.ndjson"`, `path = "in.ndjson"
  follow = true`, 1))
	write(t, filepath.Join(dir, "in.ndjson"), keyedLines(10, 2))
	l := live(t, dir, nil, "--state", "state", "p")
	l.await("a checkpoint with what waits", func() bool {
		return l.metric("onstream_stage_held", `stage="sink.out"`) == 10
	})
	last := l.metric("onstream_checkpoint_time_seconds")
	l.await("another checkpoint", func() bool { return l.metric("onstream_checkpoint_time_seconds") > last })
	l.kill()

	url := `url = "http://127.0.0.1:1/"`
	for name, c := range map[string]struct{ config, want string }{
		"format": {strings.Replace(down, url, url+"\n  format = \"msgpack\"", 1), `sink\.out: \d+ batch(es)? of records wait for it in the format json, and its format is msgpack now; run the former pipeline until they are written, or give them up with onstream state reset \S*/state/fleet sink\.out`},
		"kind":   {counting, `sink\.out: \d+ batch(es)? of records wait for it as a sink of kind http, and it is of kind file now; run the former pipeline until they are written, or give them up with onstream state reset \S*/state/fleet sink\.out`},
		"gone":   {strings.Replace(down, `"out"`, `"elsewhere"`, 1), `sink\.out is gone from the pipeline and \d+ batch(es)? of records still wait for it; bring it back until they are written, say what it is called now with a renamed block, or give them up with onstream state reset \S*/state/fleet sink\.out`},
		"shape":  {strings.Replace(strings.Replace(down, "initial = { n = 0 }", "initial = { n = 0.5 }", 1), "state.n + 1", "state.n + 1.0", 1), `transform\.count: what it keeps has another shape than what is stored \(.*\); give it another name to start afresh, or forget what is stored with onstream state reset \S*/state/fleet transform\.count`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine := t.TempDir()
			if err := os.CopyFS(mine, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(mine, "p", "main.hcl"), c.config)
			code, out, said := outcome(t, mine, "plan", "--state", "state", "--output", "json", "p")
			if code != 1 {
				t.Errorf("plan: exit code %d\n%s%s", code, out, said)
			}
			var planned struct {
				State struct {
					Stages []struct{ Addr, Fate, Remark string }
				}
			}
			if err := json.Unmarshal([]byte(out), &planned); err != nil {
				t.Fatal(err)
			}
			refusal := ""
			for _, s := range planned.State.Stages {
				if s.Fate == "refused" {
					refusal = s.Addr + ": " + s.Remark
					if strings.HasPrefix(s.Remark, s.Addr) {
						refusal = s.Remark
					}
				}
			}
			if !regexp.MustCompile("^" + c.want + "$").MatchString(refusal) {
				t.Errorf("plan says %q, want %s", refusal, c.want)
			}
			code, _, said = outcome(t, mine, "run", "--state", "state", "p")
			if code != 1 || !strings.Contains(said, refusal) {
				t.Errorf("run: exit code %d, want what plan says, %s\n%s", code, refusal, said)
			}
		})
	}
}
