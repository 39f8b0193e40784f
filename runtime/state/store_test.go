package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

func put(t *testing.T, s *state.Store, addr, key, value string) {
	t.Helper()
	c := s.Begin()
	c.Writer(addr).Put(0, plugins.GroupOf([]byte(key)), []byte(key), []byte(value))
	commit(t, c)
}

func commit(t *testing.T, c *state.Commit) {
	t.Helper()
	if err := c.Write(time.Unix(1, 0), true); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *state.Store, addr, key string) string {
	t.Helper()
	v, ok, err := s.State(addr, 0, 255).Get(0, plugins.GroupOf([]byte(key)), []byte(key), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "none"
	}
	return string(v)
}

func inMemory(t *testing.T) *state.Store {
	t.Helper()
	s, err := state.Open("", "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, s) })
	return s
}

// The lanes of a stage write at once, and each reads its own groups only.
func TestLanes(t *testing.T) {
	t.Parallel()
	s := inMemory(t)
	c := s.Begin()
	var wg sync.WaitGroup
	for lane := range 8 {
		w := c.Writer("transform.a")
		wg.Go(func() {
			for i := range 1000 {
				key := fmt.Appendf(nil, "%d-%04d", lane, i)
				w.Put(byte(i%2), plugins.Group(lane), key, key)
			}
			w.Delete(0, plugins.Group(lane), fmt.Appendf(nil, "%d-0000", lane))
		})
	}
	wg.Wait()
	if c.Empty() || c.Size() < 8*1000*10 {
		t.Fatalf("the commit is empty or too small: %d bytes", c.Size())
	}
	commit(t, c)
	for lane := range 8 {
		st := s.State("transform.a", plugins.Group(lane), plugins.Group(lane))
		if first, last := st.Groups(); int(first) != lane || int(last) != lane {
			t.Fatalf("groups %d to %d, want %d", first, last, lane)
		}
		var keys []string
		err := st.Ascend(0, plugins.Group(lane), fmt.Appendf(nil, "%d-0990", lane), func(key, value []byte) bool {
			if !bytes.Equal(key, value) {
				t.Errorf("key %s has value %s", key, value)
			}
			keys = append(keys, string(key[2:]))
			return len(keys) < 4
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(keys, " "); got != "0990 0992 0994 0996" {
			t.Fatalf("keys %s", got)
		}
	}
	if get(t, s, "transform.a", "0-0000") != "none" {
		t.Fatal("a key that was deleted is there")
	}
}

// The last group of the last space ends where it ends.
func TestLastGroup(t *testing.T) {
	t.Parallel()
	s := inMemory(t)
	c := s.Begin()
	for _, addr := range []string{"transform.a", "transform.b"} {
		c.Writer(addr).Put(255, 255, []byte("\xff\xff"), []byte(addr))
	}
	commit(t, c)
	n := 0
	err := s.State("transform.a", 0, 255).Ascend(255, 255, nil, func(key, value []byte) bool {
		n++
		return string(key) == "\xff\xff" && string(value) == "transform.a"
	})
	if err != nil || n != 1 {
		t.Fatalf("%d keys, %v; want one", n, err)
	}
}

func TestRenameAndForget(t *testing.T) {
	t.Parallel()
	s := inMemory(t)
	put(t, s, "transform.a", "k", "from a")
	put(t, s, "transform.b", "k", "from b")
	c := s.Begin()
	c.Claim("transform.a", "shape")
	c.Position("transform.a", plugins.Partition{Name: "f"}, plugins.Position("7"))
	commit(t, c)

	c = s.Begin()
	c.Rename("transform.a", "transform.b")
	c.Rename("transform.none", "transform.c")
	if c.Empty() {
		t.Fatal("a commit that renames is empty")
	}
	if get(t, s, "transform.a", "k") != "from a" {
		t.Fatal("a commit that is not written has renamed a stage")
	}
	commit(t, c)
	if got := get(t, s, "transform.b", "k"); got != "from a" {
		t.Fatalf("after the rename the key is %q", got)
	}
	if want := map[string]string{"transform.b": "shape"}; !maps.Equal(s.Stages(), want) {
		t.Fatalf("after the rename there are %v", s.Stages())
	}

	c = s.Begin()
	c.Forget("transform.b")
	c.Writer("transform.b").Put(0, plugins.GroupOf([]byte("new")), []byte("new"), []byte("v"))
	commit(t, c)
	if get(t, s, "transform.b", "k") != "none" || get(t, s, "transform.b", "new") != "v" {
		t.Fatal("what is put after a stage was forgotten is not all that is there")
	}
	if p, err := s.Positions("transform.b"); len(p) != 0 || err != nil {
		t.Fatalf("positions %v, %v", p, err)
	}
}

// A position replaces that of an older epoch of the partition.
func TestPositionOfNewEpoch(t *testing.T) {
	t.Parallel()
	s := inMemory(t)
	c := s.Begin()
	c.Position("source.a", plugins.Partition{Name: "f", ID: -1, Epoch: 1}, plugins.Position("old"))
	c.Position("source.a", plugins.Partition{Name: "f", ID: -1, Epoch: 2}, plugins.Position("new"))
	commit(t, c)
	got, err := s.Positions("source.a")
	if err != nil || len(got) != 1 || string(got[plugins.Partition{Name: "f", ID: -1, Epoch: 2}]) != "new" {
		t.Fatalf("positions %v, %v", got, err)
	}
}

// A store that is open cannot be opened by anybody else, and says by whom.
func TestInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if os.Getenv("STATE_TO_OPEN") != "" {
		return
	}
	s, err := state.Open(dir, "p", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	if _, err := state.Open(dir, "p", state.Options{}); !errors.Is(err, state.ErrInUse) {
		t.Fatalf("opened twice: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOpenElsewhere$", "-test.v")
	cmd.Env = append(os.Environ(), "STATE_TO_OPEN="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := fmt.Sprintf("the state in %s is in use by another onstream process (pid %d); stop it, or give this one another --state", filepath.Join(dir, "p"), os.Getpid())
	if !strings.Contains(string(out), want) {
		t.Fatalf("another process is told\n%s, want\n%s", out, want)
	}
}

// TestOpenElsewhere is the other process of TestInUse.
func TestOpenElsewhere(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("STATE_TO_OPEN")
	if dir == "" {
		t.Skip("runs as part of TestInUse")
	}
	_, err := state.Open(dir, "p", state.Options{})
	if !errors.Is(err, state.ErrInUse) {
		t.Fatal(err)
	}
	t.Log(err)
}

// A store that is only looked at stays as it is.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := state.Open(dir, "p/q", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "transform.a", "k", "v")
	closeStore(t, s)
	for range 2 {
		s, err = state.Open(dir, "p/q", state.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if s.Epoch() != 1 || get(t, s, "transform.a", "k") != "v" {
			t.Fatalf("epoch %d, key %q", s.Epoch(), get(t, s, "transform.a", "k"))
		}
		c := s.Begin()
		c.Claim("transform.a", "x")
		if err := c.Write(time.Unix(1, 0), true); err == nil {
			t.Fatal("a store that is only read was written")
		}
		closeStore(t, s)
	}
	if _, err := state.Open(dir, "none", state.Options{ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "nothing is stored in") {
		t.Fatalf("opened what is not there: %v", err)
	}
}

// A folder that cannot be made is named, with what to do.
func TestNoFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := state.Open(file, "p", state.Options{})
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Fatalf("error %v", err)
	}
}

// The state of what another disk holds is a store of its own.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	disk := vfs.NewMem()
	s := open(t, disk)
	state.SetFormat(t, s, 99)
	closeStore(t, s)
	_, err := state.Open("/state", "p", state.OnFS(disk))
	if err == nil || !strings.Contains(err.Error(), "checkpoint store /state/p: its format is 99") || !strings.Contains(err.Error(), "use a newer onstream") {
		t.Fatalf("error %v", err)
	}
}

// What a failing commit would have changed is not read.
func TestReadDuringFailure(t *testing.T) {
	t.Parallel()
	all := models(3)
	disk := vfs.NewMem()
	broken := &switched{}
	s := open(t, broken.wrap(disk))
	if err := write(s, 2, true); err != nil {
		t.Fatal(err)
	}
	broken.on.Store(true)
	for range 3 {
		if err := write(s, 3, true); !errors.Is(err, state.ErrFull) {
			t.Fatalf("a full disk gives %v", err)
		}
		holds(t, s, all)
	}
	broken.on.Store(false)
	if err := write(s, 3, true); err != nil {
		t.Fatal(err)
	}
	holds(t, s, all)
	closeStore(t, s)
}

// Commits that were not synced are written again when a full disk has lost
// them.
func TestFullWithoutSync(t *testing.T) {
	t.Parallel()
	all := models(12)
	disk := vfs.NewMem()
	broken := &switched{}
	s := open(t, broken.wrap(disk))
	for n := int64(1); n <= 12; n++ {
		broken.on.Store(n%4 == 0)
		err := write(s, n, false)
		broken.on.Store(false)
		if err != nil {
			err = write(s, n, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		holds(t, s, all)
	}
	closeStore(t, s)
	s = open(t, disk)
	if s.Last().Number != 12 {
		t.Fatalf("commit %d is the last", s.Last().Number)
	}
	holds(t, s, all)
	closeStore(t, s)
}

// A folder that is removed, or that another one takes the place of, while the
// store is open: what is written then would be lost, so it is refused.
func TestFolderRemoved(t *testing.T) {
	t.Parallel()
	for _, replaced := range []bool{false, true} {
		dir := t.TempDir()
		s, err := state.Open(dir, "p", state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, "a", "k", "1")
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "p"), filepath.Join(dir, "away")); err != nil {
			t.Fatal(err)
		}
		if replaced {
			other, err := state.Open(dir, "q", state.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // so that both slots of its mark are others
				put(t, other, "a", "k", "other")
			}
			closeStore(t, other)
			if err := os.Rename(filepath.Join(dir, "q"), filepath.Join(dir, "p")); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Check(); !plugins.IsPermanent(err) || !strings.Contains(err.Error(), "the folder was removed or replaced while it was in use") {
			t.Errorf("replaced %v: a folder that is not there is taken for the one it was: %v", replaced, err)
		}
		err = s.Begin().Write(time.Unix(2, 0), true)
		if err == nil || !plugins.IsPermanent(err) || !strings.Contains(err.Error(), "the folder was removed or replaced while it was in use") {
			t.Errorf("replaced %v: a checkpoint for a folder that is not there: %v", replaced, err)
		}
		_ = s.Close()
	}
}
