package handoff

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/serial"
)

// Kind is what a [Row] does.
type Kind byte

// The kinds of rows.
const (
	Put    Kind = 1 + iota // the stage keeps Value under Key
	Delete                 // it keeps nothing there any more
	Post                   // the parcel Value waits for the sink under Number
	Settle                 // it does not wait any more
)

// Row is one change of what is stored of a partition. Key and Value are valid as
// long as what they were read from.
type Row struct {
	Kind   Kind
	Addr   string // of the stage
	Space  byte
	Group  plugins.Group
	Key    []byte
	Value  []byte
	Number int64
}

// Delta collects the rows of a commit. The zero value is empty. It is used by
// one goroutine at a time.
type Delta struct{ buf []byte }

// Add adds a row.
func (d *Delta) Add(r Row) {
	d.buf = append(d.buf, byte(r.Kind))
	d.buf = serial.AppendText(d.buf, r.Addr)
	switch r.Kind {
	case Put, Delete:
		d.buf = append(d.buf, r.Space, r.Group)
		d.buf = serial.AppendText(d.buf, r.Key)
	default:
		d.buf = binary.AppendVarint(d.buf, r.Number)
	}
	if r.Kind == Put || r.Kind == Post {
		d.buf = serial.AppendText(d.buf, r.Value)
	}
}

// Join adds the rows of another.
func (d *Delta) Join(other *Delta) { d.buf = append(d.buf, other.buf...) }

// Size returns the bytes of the rows.
func (d *Delta) Size() int { return len(d.buf) }

// entries cuts the rows into entries of a commit.
func (d *Delta) entries(e entry) [][]byte {
	var all [][]byte
	rows := d.buf
	for e.kind = rowsEntry; len(rows) > 0; e.index++ {
		n := min(len(rows), maxRows)
		e.rows = rows[:n]
		all = append(all, e.append(nil))
		rows = rows[n:]
	}
	return all
}

// Change is a commit that counts.
type Change struct {
	Full bool // it is all that there is: what came before it does not count any more
	rows []byte
}

// Rows calls f with each row, in order, until f returns an error.
func (c *Change) Rows(f func(Row) error) error {
	for d := (serial.Decoder{Rest: c.rows}); len(d.Rest) > 0; {
		r := Row{Kind: Kind(d.Byte()), Addr: string(d.Text())}
		switch r.Kind {
		case Put, Delete:
			r.Space, r.Group = d.Byte(), d.Byte()
			r.Key = d.Text()
		case Post, Settle:
			r.Number = d.Int()
		default:
			return errEntry
		}
		if r.Kind == Put || r.Kind == Post {
			r.Value = d.Text()
		}
		if d.Bad {
			return errEntry
		}
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}
