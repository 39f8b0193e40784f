package handoff

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins"
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
	d.buf = appendText(d.buf, []byte(r.Addr))
	switch r.Kind {
	case Put, Delete:
		d.buf = append(d.buf, r.Space, r.Group)
		d.buf = appendText(d.buf, r.Key)
	default:
		d.buf = binary.AppendVarint(d.buf, r.Number)
	}
	if r.Kind == Put || r.Kind == Post {
		d.buf = appendText(d.buf, r.Value)
	}
}

// Join adds the rows of another.
func (d *Delta) Join(other *Delta) { d.buf = append(d.buf, other.buf...) }

// Size returns the bytes of the rows.
func (d *Delta) Size() int { return len(d.buf) }

// Reset forgets the rows.
func (d *Delta) Reset() { d.buf = d.buf[:0] }

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

// rowReader puts rows together of which each entry has a part.
type rowReader struct{ rest []byte }

// feed calls f with each row that is complete.
func (r *rowReader) feed(part []byte, f func(Row) error) error {
	data := part
	if len(r.rest) > 0 {
		r.rest = append(r.rest, part...)
		data = r.rest
	}
	for len(data) > 0 {
		row, rest, ok := readRow(data)
		if !ok {
			break
		}
		if row.Kind < Put || row.Kind > Settle {
			return errEntry
		}
		if err := f(row); err != nil {
			return err
		}
		data = rest
	}
	r.rest = append(r.rest[:0], data...)
	return nil
}

// readRow reads the first row; ok is false where it is not all there.
func readRow(data []byte) (r Row, rest []byte, ok bool) {
	d := decoder{rest: data}
	r.Kind = Kind(d.byte())
	if r.Kind < Put || r.Kind > Settle {
		return r, nil, true
	}
	r.Addr = string(d.text())
	switch r.Kind {
	case Put, Delete:
		r.Space, r.Group = d.byte(), d.byte()
		r.Key = d.text()
	default:
		r.Number = d.varint()
	}
	if r.Kind == Put || r.Kind == Post {
		r.Value = d.text()
	}
	return r, d.rest, !d.bad
}
