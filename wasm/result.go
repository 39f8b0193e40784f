package wasm

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// result is what a call has returned, checked, in the memory of the guest.
type result struct {
	frames    []abi.Records // in their order
	selection []byte        // nil for all rows
	nothing   bool          // no row stays
	columns   []abi.Column  // by the index of the field

	ports []port
	used  []uint8 // by row of the call, what has become of it
	keep  []uint32
	cols  []plugins.Column // of the batch, by the index of the field
}

// port is the records for an output.
type port struct {
	records []abi.Record
	plain   bool // they are as they came, in order
}

func (r *result) init(ports int, added []addedColumn) {
	r.ports = make([]port, ports)
	r.columns, r.cols = make([]abi.Column, len(added)), make([]plugins.Column, len(added))
}

// read looks at what a call returned, up to the last byte that is used of it.
func (s *stage) read(i *host.Instance, out []byte, w work) error {
	r := &s.result
	r.frames, r.selection, r.nothing = r.frames[:0], nil, out == nil
	returns := s.plan.module.Manifest.Returns
	if returns == manifest.Records {
		return s.readRecords(i, out, w)
	}
	if _, ok := i.Emitted(0); ok || out != nil && w.rows == nil {
		return host.Faultf(host.Frame, "the module returns records beside what it is given, and its manifest says that it returns %s: return records for all", returns)
	}
	if out == nil {
		return nil
	}
	var err error
	if returns == manifest.Selection {
		r.selection, err = abi.ParseSelection(out, uint32(len(w.rows)))
	} else {
		err = s.readColumns(out, len(w.rows))
	}
	return frameFault(err)
}

func frameFault(err error) error {
	var large *abi.LimitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return host.Faultf(host.Limit, "what the module returned is too long: %v: raise limits.output, or return less", err)
	}
	return host.Faultf(host.Frame, "what the module returned cannot be read: %v", err)
}

func (s *stage) readRecords(i *host.Instance, out []byte, w work) error {
	left, next := s.plan.limits.Output, uint32(0)
	// Each row once is no more than what came in; what is named again is copied again.
	same := func(row uint32) int {
		if row >= next {
			next = row + 1
			return 0
		}
		return s.copySize(w.rows[row])
	}
	for k := 0; ; k++ {
		frame, ok := i.Emitted(k)
		if !ok {
			if out == nil {
				return nil
			}
			frame = out
		}
		records, err := abi.ParseRecords(frame, uint32(len(w.rows)), len(s.result.ports), left, same)
		if err != nil {
			return frameFault(err)
		}
		left -= records.Size()
		s.result.frames = append(s.result.frames, records)
		if !ok {
			return nil
		}
	}
}

func (s *stage) readColumns(out []byte, rows int) error {
	columns, err := abi.ParseColumns(out, uint32(rows))
	if err != nil {
		return err
	}
	r := &s.result
	clear(r.columns)
	for k := range columns.Len() {
		c := columns.At(k, rows)
		switch {
		case c.Type == abi.Selection && r.selection == nil:
			r.selection = c.Data
		case c.Type == abi.Selection:
			return errors.New("it has two selections")
		case int64(c.Field) >= int64(len(r.columns)):
			return fmt.Errorf("it has the field %d, the manifest has %d outputs", c.Field, len(r.columns))
		case r.columns[c.Field].Type != 0:
			return fmt.Errorf("it has the field %s twice", s.plan.added[c.Field].Name)
		case c.Type != s.plan.added[c.Field].typ:
			return fmt.Errorf("%s is of type %s, the manifest says %s", s.plan.added[c.Field].Name, c.Type, s.plan.added[c.Field].typ)
		default:
			r.columns[c.Field] = c
		}
	}
	for k := range r.columns {
		if r.columns[k].Type == 0 {
			return fmt.Errorf("it lacks the field %s", s.plan.added[k].Name)
		}
	}
	return nil
}

// deliver passes on what a call that counts has returned.
func (s *stage) deliver(w work) {
	switch s.plan.module.Manifest.Returns {
	case manifest.Records:
		s.deliverRecords(w.rows)
	case manifest.Selection:
		s.deliverSelection(w.rows)
	case manifest.Columns:
		s.deliverColumns(w.rows)
	}
}

// choose finds the rows of the call that stay, by their index in it, and counts the others.
func (s *stage) choose(rows []uint32) []uint32 {
	r := &s.result
	r.keep = r.keep[:0]
	if !r.nothing {
		for k := range rows {
			if r.selection == nil || abi.Bit(r.selection, k) {
				r.keep = append(r.keep, uint32(k))
			}
		}
	}
	if dropped := len(rows) - len(r.keep); dropped > 0 {
		s.out.Drop(dropped)
	}
	return r.keep
}

// deliverSelection passes on the rows that stay. There is no batch where there are no rows.
func (s *stage) deliverSelection(rows []uint32) {
	b, keep := s.batch, s.choose(rows)
	if len(keep) == 0 {
		return
	}
	b.Sel = b.Sel[:0]
	for _, k := range keep {
		b.Sel = append(b.Sel, rows[k])
	}
	s.out.Emit(0, b)
}
