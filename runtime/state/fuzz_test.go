package state_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/onstream/onstream/runtime/state"
)

// FuzzRow decodes rows of any bytes: those that are accepted are written as
// they were, or in the shortest form that is read the same.
func FuzzRow(f *testing.F) {
	for _, row := range state.Rows() {
		f.Add(row[0], row[1])
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		k, v := state.DecodeRow(key, value)
		if k == nil {
			return
		}
		if !bytes.Equal(k, key) || len(v) > len(value) {
			t.Fatalf("row %x = %x was read as %x = %x", key, value, k, v)
		}
		if k2, v2 := state.DecodeRow(k, v); !bytes.Equal(k2, k) || !bytes.Equal(v2, v) {
			t.Fatalf("row %x = %x is read as %x = %x", k, v, k2, v2)
		}
	})
}

// FuzzMark reads marks of any bytes.
func FuzzMark(f *testing.F) {
	f.Add(make([]byte, state.MarkSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != state.MarkSize {
			return
		}
		if again := state.DecodeMark(b); again != nil && !bytes.Equal(again, b) {
			t.Fatalf("mark %x was read as %x", b, again)
		}
	})
}

// FuzzImport imports any text: it is refused as a whole, or is a store.
func FuzzImport(f *testing.F) {
	f.Add(exported(f))
	f.Add(`{"onstream_state":1,"pipeline":"p","checkpoint":1,"epoch":1,"at":"2026-01-01T00:00:00Z"}` + "\n" + `{"state":{}}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := state.Import(dir, "p", strings.NewReader(text), state.ImportOptions{}); err != nil {
			if names, err := state.Pipelines(dir); len(names) != 0 || err != nil {
				t.Fatalf("what was refused is stored: %v, %v", names, err)
			}
			return
		}
		s, err := state.Open(dir, "p", state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
	})
}
