package state_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/runtime/state"
)

// writeKeys writes values of many keys, which do not compress well.
func writeKeys(s *state.Store, keys int) error {
	random := rand.New(rand.NewPCG(1, uint64(keys)))
	c := s.Begin()
	w := c.Writer(theStage)
	for i := range keys {
		value := binary.BigEndian.AppendUint64(nil, random.Uint64())
		w.Put(0, 0, fmt.Appendf(nil, "%08d", i), value)
	}
	return c.Write(time.Unix(int64(keys), 0), true)
}

// What a key is found by in a large table is a block that is not small. Damage
// there is named at once, without a search for the bit.
func TestDamagedFilter(t *testing.T) {
	t.Parallel()
	const keys = 60_000
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	if err := writeKeys(s, keys); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = open(t, disk) // makes a table of the log
	get := func(s *state.Store) error {
		for i := 0; i < keys; i += 1000 {
			_, found, err := s.State(theStage, 0, 255).Get(0, 0, fmt.Appendf(nil, "%08d", i), nil)
			if err != nil || !found {
				return fmt.Errorf("key %d: found %v: %w", i, found, err)
			}
		}
		return nil
	}
	if err := get(s); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	for _, name := range namesIn(t, disk) {
		text := contents(t, disk, database+name)
		if !strings.HasSuffix(name, ".sst") || len(text) < 100<<10 {
			continue
		}
		text[len(text)-20<<10] ^= 0x10 // the filter is the last block of any size
		replace(t, disk, database+name, text)
	}
	s = open(t, disk)
	defer func() { _ = s.Close() }()
	err := get(s)
	if err == nil {
		t.Fatal("the damage was not noticed")
	}
	checkWayOut(t, "a damaged filter", err)
	if !strings.Contains(err.Error(), "(checksum mismatch)") {
		t.Errorf("Pebble has looked for the bit: %v", err)
	}
}

// Damage that only a compaction meets ends the writing, with the same words as
// that which is met by a reader.
func TestDamageInTheBackground(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	const each = 2_000
	if err := writeKeys(s, each); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	closeStore(t, open(t, disk)) // makes a table of the log
	for _, name := range namesIn(t, disk) {
		if text := contents(t, disk, database+name); strings.HasSuffix(name, ".sst") && len(text) > 20<<10 {
			text[len(text)/2] ^= 0x10
			replace(t, disk, database+name, text)
		}
	}
	s = open(t, disk)
	defer func() { _ = s.Close() }()
	for n := 0; n < 1000; n++ {
		if err := writeKeys(s, each); err != nil {
			checkWayOut(t, "a damaged table", err)
			return
		}
	}
	t.Error("the damage was not noticed")
}
