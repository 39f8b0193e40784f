package state_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/runtime/state"
)

// FuzzFrames looks at any bytes as at a MANIFEST. Pebble's reader finds the same
// records, and the first of them that is not whole where we say.
func FuzzFrames(f *testing.F) {
	var whole bytes.Buffer
	w := record.NewWriter(&whole)
	for _, size := range []int{5, 0, 40 << 10, 32<<10 - 60, 3} { // into a second and a third block, and up to the end of one
		if _, err := w.WriteRecord(bytes.Repeat([]byte("x"), size)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, 0, byte(0))
	f.Add(whole.Bytes(), 0, byte(0))
	f.Add(whole.Bytes(), 20, byte(1))
	f.Add(whole.Bytes()[:50<<10], 0, byte(0))
	f.Fuzz(func(t *testing.T, text []byte, at int, flip byte) {
		text = bytes.Clone(text)
		if at >= 0 && at < len(text) {
			text[at] ^= flip
		}
		disk := vfs.NewMem()
		replace(t, disk, "file", text)
		bad, _, err := state.ReadFrames(disk, "file", 0)
		if err != nil || bad > int64(len(text)) {
			t.Fatalf("of %d bytes those at %d are bad: %v", len(text), bad, err)
		}
		if bad >= 0 {
			return
		}
		for r := record.NewReader(bytes.NewReader(text), 0); ; {
			one, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				_, err = io.Copy(io.Discard, one)
			}
			if err != nil {
				t.Fatalf("all frames of %d bytes check, and Pebble says %v", len(text), err)
			}
		}
	})
}
