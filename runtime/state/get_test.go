package state_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

// Keys that are not there, as new ones are, cost filters and no blocks; and what
// was read is in memory when it is read again, whatever is being written.
func TestReadsOfGet(t *testing.T) {
	t.Parallel()
	const keys = 20_000
	var reads atomic.Int64
	count := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst") {
			reads.Add(1)
		}
		return nil
	})
	s, err := state.Open("/state", "p", state.OnDisk(errorfs.Wrap(vfs.NewMem(), count)))
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	c := s.Begin()
	putKeys(c, 0, keys)
	if err := c.Write(time.Unix(1, 0), true); err != nil {
		t.Fatal(err)
	}
	state.Compact(t, s)
	gets := func(from, n uint64, want bool) int64 {
		before := reads.Load()
		st := s.State(theStage, 0, 255)
		for i := range n {
			key := benchKey(nil, from+i)
			if _, ok, err := st.Get(0, plugins.GroupOf(key), key, nil); err != nil || ok != want {
				t.Fatal(ok, err)
			}
		}
		return reads.Load() - before
	}
	// Some pass the filter all the same.
	if n := gets(keys, 500, false); n > 100 {
		t.Errorf("500 keys that are missing took %d reads", n)
	}
	gets(0, keys, true)
	if n := gets(0, keys, true); n != 0 {
		t.Errorf("keys that were read took %d reads again", n)
	}
}
