package state_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

const (
	benchKeys  = 1_000_000
	benchPuts  = 10_000
	benchValue = 48 // with the 12 bytes of the key: 60
)

func benchKey(dst []byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst[:0], "dev-"...), n*0x9E3779B97F4A7C15)
}

func putKeys(c *state.Commit, from, n int) {
	w := c.Writer(theStage)
	var key []byte
	value := make([]byte, benchValue)
	for i := range n {
		key = benchKey(key, uint64(from+i))
		binary.LittleEndian.PutUint64(value, uint64(from+i))
		w.Put(0, plugins.GroupOf(key), key, value)
	}
}

func benchStore(b *testing.B, keys int) (dir string, s *state.Store) {
	b.Helper()
	dir = b.TempDir()
	s, err := state.Open(dir, "p", state.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	for from := 0; from < keys; from += 100_000 {
		c := s.Begin()
		putKeys(c, from, min(100_000, keys-from))
		if err := c.Write(time.Unix(1, 0), false); err != nil {
			b.Fatal(err)
		}
	}
	return dir, s
}

// BenchmarkCommit writes 10,000 keys of 60 bytes a commit, among 100,000.
func BenchmarkCommit(b *testing.B) {
	for name, sync := range map[string]bool{"sync": true, "nosync": false} {
		b.Run(name, func(b *testing.B) {
			_, s := benchStore(b, 0)
			n := 0
			for b.Loop() {
				c := s.Begin()
				putKeys(c, n*benchPuts%100_000, benchPuts)
				if err := c.Write(time.Unix(1, 0), sync); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/benchPuts, "ns/put")
		})
	}
}

// BenchmarkScan reads a million keys, group by group, as a start does.
func BenchmarkScan(b *testing.B) {
	_, s := benchStore(b, benchKeys)
	for b.Loop() {
		st := s.State(theStage, 0, 255)
		n := 0
		for g := range plugins.Groups {
			err := st.Ascend(0, plugins.Group(g), nil, func(_, _ []byte) bool { n++; return true })
			if err != nil {
				b.Fatal(err)
			}
		}
		if n != benchKeys {
			b.Fatalf("%d keys", n)
		}
	}
}

// BenchmarkGet reads single keys of a million: ones that are there, and ones
// that are not.
func BenchmarkGet(b *testing.B) {
	_, s := benchStore(b, benchKeys)
	for name, from := range map[string]uint64{"hit": 0, "miss": benchKeys} {
		b.Run(name, func(b *testing.B) {
			st := s.State(theStage, 0, 255)
			var key, value []byte
			n := uint64(0)
			for b.Loop() {
				key = benchKey(key, from+n*7919%benchKeys)
				v, ok, err := st.Get(0, plugins.GroupOf(key), key, value[:0])
				if err != nil || ok != (from == 0) {
					b.Fatal(ok, err)
				}
				value = v
				n++
			}
		})
	}
}

// BenchmarkOpen opens and closes a store of a few keys.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := state.Open(dir, "p", state.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
