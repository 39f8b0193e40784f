package sinks

import (
	"bytes"

	"github.com/onstream/onstream/plugins"
)

const (
	// gathered is how many bytes of scattered records are written at once.
	gathered = 256 << 10
	// longRun is how many bytes side by side are written from where they are.
	longRun = 16 << 10
)

// gather writes the records of batches, each followed by a terminator, with
// few and large writes. Records that stand side by side in Data are one run: a
// long one is written as it stands, short ones are gathered first.
type gather struct {
	term  []byte
	buf   []byte
	write func([]byte) error
}

// batch writes the selected rows, up to the first error.
func (g *gather) batch(b *plugins.Batch) error { return g.rows(b, b.Sel) }

// rows writes some of the selected rows, up to the first error.
func (g *gather) rows(b *plugins.Batch, sel []uint32) error {
	data := b.Data
	begin, end := 0, 0 // of the present run
	for _, i := range sel {
		v := b.Values[i]
		if int(v.Off) != end {
			if err := g.add(data[begin:end]); err != nil {
				return err
			}
			begin = int(v.Off)
		}
		end = int(v.Off) + int(v.Len)
		if g.terminated(data, end) {
			end += len(g.term)
			continue
		}
		if err := g.add(data[begin:end]); err != nil {
			return err
		}
		if err := g.add(g.term); err != nil {
			return err
		}
		begin = end
	}
	if err := g.add(data[begin:end]); err != nil {
		return err
	}
	return g.flush()
}

// terminated reports whether the terminator stands in data at end.
func (g *gather) terminated(data []byte, end int) bool {
	if len(g.term) == 1 {
		return end < len(data) && data[end] == g.term[0]
	}
	return bytes.HasPrefix(data[end:], g.term)
}

func (g *gather) add(run []byte) error {
	if len(run) >= longRun {
		if err := g.flush(); err != nil {
			return err
		}
		return g.write(run)
	}
	if len(g.buf)+len(run) > gathered {
		if err := g.flush(); err != nil {
			return err
		}
	}
	g.buf = append(g.buf, run...)
	return nil
}

func (g *gather) flush() error {
	if len(g.buf) == 0 {
		return nil
	}
	err := g.write(g.buf)
	g.buf = g.buf[:0]
	return err
}

// forget drops what was gathered before an error.
func (g *gather) forget() { g.buf = g.buf[:0] }
