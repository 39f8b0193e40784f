package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	theSource = "source.in"
	theStage  = "transform.sum"
	theSink   = "sink.out"
)

// model is what a store is to hold: lines, by what they are about.
type model map[string]string

// step does the same to a commit and to a model: the n-th of a pipeline that
// counts, posts, settles and now and then gets a new stage name.
func step(n int64, c *state.Commit, m model) {
	part := plugins.Partition{Name: "file", ID: int32(n % 3), Epoch: n / 5}
	at := fmt.Sprintf("at %d", n)
	c.Position(theSource, part, plugins.Position(at))
	for _, epoch := range []int64{n / 5, n/5 - 1} {
		delete(m, positionLine(plugins.Partition{Name: "file", ID: int32(n % 3), Epoch: epoch}))
	}
	m[positionLine(part)] = at
	shape := fmt.Sprintf("shape %d", n/4)
	c.Claim(theStage, shape)
	m["claim "+theStage] = shape
	w := c.Writer(theStage)
	for i := range int64(8) {
		key := fmt.Appendf(nil, "key %d", (n*7+i)%40)
		line := fmt.Sprintf("state %s %d %q", theStage, i%2, key)
		if (n+i)%5 == 0 {
			w.Delete(byte(i%2), plugins.GroupOf(key), key)
			delete(m, line)
			continue
		}
		value := strings.Repeat(fmt.Sprintf("value %d ", n), 30)
		w.Put(byte(i%2), plugins.GroupOf(key), key, []byte(value))
		m[line] = value
	}
	c.Post(theSink, n, fmt.Appendf(nil, "parcel %d", n))
	m[fmt.Sprintf("outbox %s %06d", theSink, n)] = fmt.Sprintf("parcel %d", n)
	c.Settle(theSink, n-3)
	delete(m, fmt.Sprintf("outbox %s %06d", theSink, n-3))
	m["claim "+theSource], m["claim "+theSink] = "", ""
}

func positionLine(p plugins.Partition) string {
	return fmt.Sprintf("position %s %s %d %d", theSource, p.Name, p.ID, p.Epoch)
}

// models returns what a store holds after each number of steps.
func models(n int64) []model {
	s, err := state.Open("", "model", state.Options{})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	all := []model{{}}
	m := model{}
	for i := int64(1); i <= n; i++ {
		step(i, s.Begin(), m)
		all = append(all, maps.Clone(m))
	}
	return all
}

// read reads all of a store.
func read(s *state.Store) (model, error) {
	m := model{}
	for addr, shape := range s.Stages() {
		m["claim "+addr] = shape
	}
	positions, err := s.Positions(theSource)
	if err != nil {
		return nil, err
	}
	for p, at := range positions {
		m[positionLine(p)] = string(at)
	}
	err = s.Rows(theStage, func(r state.Row) error {
		m[fmt.Sprintf("state %s %d %q", theStage, r.Space, r.Key)] = string(r.Value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.Outbox(theSink, func(seq int64, parcel []byte) error {
		m[fmt.Sprintf("outbox %s %06d", theSink, seq)] = string(parcel)
		return nil
	})
	return m, err
}

func (m model) String() string {
	var b bytes.Buffer
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s = %.40s\n", k, m[k])
	}
	return b.String()
}

// holds checks that a store holds what it did after its last step.
func holds(t *testing.T, s *state.Store, all []model) {
	t.Helper()
	got, err := read(s)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Last().Number; !maps.Equal(got, all[n]) {
		t.Fatalf("after %d steps the store holds\n%s, want\n%s", n, got, all[n])
	}
}

func open(t *testing.T, fs vfs.FS) *state.Store {
	t.Helper()
	s, err := state.Open("/state", "p", state.OnFS(fs))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *state.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// write takes steps up to the n-th.
func write(s *state.Store, n int64, sync bool) error {
	for i := s.Last().Number + 1; i <= n; i++ {
		c := s.Begin()
		step(i, c, model{})
		if err := c.Write(time.Unix(i, 0), sync); err != nil {
			return err
		}
		if got := s.Last(); got.Number != i || got.Epoch != s.Epoch() || !got.At.Equal(time.Unix(i, 0)) {
			return errors.New("the last commit is not the one that was written")
		}
	}
	return nil
}

// files copies a file system.
func files(fs *vfs.MemFS) *vfs.MemFS {
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: random()})
}
