package plugintest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a test whose failures are only noted: with it the checks are tested.
type recorder struct {
	testing.TB

	mu       sync.Mutex
	problems []string
	skipped  string
	cleanups []func()
}

// record runs f as a test of its own, and returns it.
func record(t testing.TB, f func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f(r)
	}()
	<-ended
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.cleanups[i]()
		}()
		<-ended
	}
	return r
}

func (*recorder) Helper() {}

// patience is short: what is tested here comes at once, or never.
func (*recorder) patience() time.Duration { return 3 * time.Second }

func (r *recorder) note(problem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, problem)
}

func (r *recorder) Error(args ...any)            { r.note(fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, args ...any) { r.note(fmt.Sprintf(f, args...)) }
func (r *recorder) Fatal(args ...any)            { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
func (r *recorder) Skip(args ...any)             { r.skipped = fmt.Sprint(args...); runtime.Goexit() }
func (r *recorder) Cleanup(f func())             { r.cleanups = append(r.cleanups, f) }

// trial runs one check for a case and returns what it finds.
func trial[C any](t testing.TB, checks []check[C], name string, c C) *recorder {
	t.Helper()
	for _, k := range checks {
		if k.name != name {
			continue
		}
		return record(t, func(t testing.TB) {
			if why := k.lacks(c); why != "" {
				t.Skip(why)
			}
			k.run(t, c)
		})
	}
	t.Fatalf("there is no check %q", name)
	return nil
}

// defect is something wrong with a fake, the check that is to catch it, and a part of what that says.
type defect struct{ name, check, says string }

// catches tests that a sound fake passes all checks, none of which is left out, and that each defect is caught.
func catches[C any](t *testing.T, checks []check[C], of func(defect string) C, defects []defect) {
	t.Helper()
	for _, k := range checks {
		t.Run("sound/"+k.name, func(t *testing.T) {
			t.Parallel()
			r := trial(t, checks, k.name, of(""))
			if len(r.problems) > 0 {
				t.Errorf("nothing is wrong, and the check says: %s", strings.Join(r.problems, "; "))
			}
			if r.skipped != "" {
				t.Errorf("the check was left out: %s", r.skipped)
			}
		})
	}
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			r := trial(t, checks, d.check, of(d.name))
			if said := strings.Join(r.problems, "; "); !strings.Contains(said, d.says) || said == "" {
				t.Errorf("the check %s says %q, and should say %q (left out: %q)", d.check, said, d.says, r.skipped)
			}
		})
	}
}
