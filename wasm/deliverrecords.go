package wasm

import (
	"bytes"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/wasm/abi"
)

// What has become of a row.
const (
	wasNamed uint8 = 1 << iota
	hasFailed
	isRetried
)

// deliverRecords passes on records that were made of rows of the batch, or of nothing.
func (s *stage) deliverRecords(rows []uint32) {
	r := &s.result
	for k := range r.ports {
		p := &r.ports[k]
		p.records, p.plain = p.records[:0], true
	}
	made, unnamed := s.sort(rows)
	if unnamed > 0 {
		s.out.Drop(unnamed)
	}
	if made > 0 {
		s.out.Make(made)
	}
	if s.batch != nil {
		s.batch.Sel = s.batch.Sel[:0]
		s.batch.DropFailed()
	}
	for k := range r.ports {
		switch p := &r.ports[k]; {
		case len(p.records) == 0:
		case p.plain && s.values == nil:
			s.emitPlain(k, rows)
		default:
			s.emitNew(k, rows)
		}
	}
}

// sort puts the records to their ports, fails rows and notes those that are to come again. It returns how many records there are beyond one for
// each row that is named, and how many rows are not.
func (s *stage) sort(rows []uint32) (made, unnamed int) {
	r := &s.result
	r.used = append(r.used[:0], make([]uint8, len(rows))...)
	unnamed = len(rows)
	for _, f := range r.frames {
		for k := range f.Len() {
			rec := f.At(k)
			if rec.Row == abi.NoRow {
				made++
				s.toPort(rec)
				continue
			}
			used := &r.used[rec.Row]
			switch rec.Status {
			case abi.Emit:
				s.toPort(rec)
			case abi.DeadLetter:
				if *used&hasFailed != 0 {
					continue
				}
				s.batch.Fail(rows[rec.Row], plugins.Failure{Code: "rejected", Msg: rejection(rec.Value)})
				*used |= hasFailed
			case abi.Retry:
				if *used&isRetried != 0 {
					continue
				}
				s.again = append(s.again, rows[rec.Row])
				*used |= isRetried
			}
			if *used&wasNamed != 0 {
				made++
			} else {
				*used |= wasNamed
				unnamed--
			}
		}
	}
	return made, unnamed
}

// rejection is why the module rejects a record.
func rejection(text []byte) string {
	if len(text) == 0 {
		return "the module has rejected the record"
	}
	return strings.ToValidUTF8(string(text[:min(len(text), 1024)]), "\uFFFD")
}

func (s *stage) toPort(rec abi.Record) {
	p := &s.result.ports[rec.Port]
	if n := len(p.records); rec.Flags&abi.Same != abi.Same || rec.Flags&abi.NoKey != 0 || n > 0 && rec.Row <= p.records[n-1].Row {
		p.plain = false
	}
	p.records = append(p.records, rec)
}

// emitPlain passes rows of the batch on as they came.
func (s *stage) emitPlain(output int, rows []uint32) {
	b := s.batch
	b.Sel = b.Sel[:0]
	for _, rec := range s.result.ports[output].records {
		b.Sel = append(b.Sel, rows[rec.Row])
	}
	m, preamble := b.Mark(), b.Preamble
	b.CloseRecord()
	if !s.env.Framing.Preamble {
		b.Preamble = nil
	}
	s.out.Emit(output, b)
	b.Preamble = preamble
	b.Rewind(m)
}

// emitNew makes a batch of records.
func (s *stage) emitNew(output int, rows []uint32) {
	e := &newBatch{stage: s, rows: rows, b: s.batch, d: s.env.Pool.Batch(), records: s.result.ports[output].records}
	defer e.d.Release()
	e.look()
	e.d.SelectAll(len(e.records))
	e.d.CloseRecord()
	for i := range e.records {
		e.add(&e.records[i])
	}
	s.out.Emit(output, e.d)
}

// newBatch is a batch that is made of what the module returned.
type newBatch struct {
	*stage
	rows    []uint32
	b, d    *plugins.Batch // b is nil where there are no rows
	records []abi.Record
	// There are some of them.
	keys, times, headers, offsets bool
}

// look finds out what the records have, and makes room for it.
func (e *newBatch) look() {
	size := 0
	e.offsets = e.b != nil && e.b.Offsets != nil
	e.times = e.b != nil && e.b.Times != nil
	for i := range e.records {
		rec := &e.records[i]
		row := e.row(rec)
		size += len(e.value(rec, row)) + len(e.keyOf(rec, row))
		e.keys = e.keys || rec.Flags&(abi.SameKey|abi.NoKey) == 0 || rec.Flags&abi.SameKey != 0 && e.b.Keys != nil
		e.headers = e.headers || rec.Headers.Len() > 0 || rec.Flags&abi.SameHeaders != 0 && e.b.HeaderRows != nil
		e.times = e.times || rec.Flags&abi.SameTime == 0 && rec.Time != abi.NoTime
		e.offsets = e.offsets && rec.Row != abi.NoRow
	}
	d := e.d
	d.Grow(size)
	d.Values = d.SpareValues()
	if e.b != nil {
		d.Part, d.Received = e.b.Part, e.b.Received
		if e.env.Framing.Preamble {
			d.Preamble = e.b.Preamble
		}
	}
	if d.Received == 0 {
		d.Received = e.now()
	}
	if e.keys {
		d.Keys = d.SpareKeys()
	}
	if e.times {
		d.Times = d.SpareTimes()
	}
	if e.offsets {
		d.Offsets = d.SpareOffsets()
	}
	if e.headers {
		d.Headers, d.HeaderRows = d.SpareHeaders(), d.SpareHeaderRows()
	}
}

// row returns the row of the batch of which a record was made.
func (e *newBatch) row(rec *abi.Record) uint32 {
	if rec.Row == abi.NoRow {
		return 0
	}
	return e.rows[rec.Row]
}

func (e *newBatch) value(rec *abi.Record, row uint32) []byte {
	if rec.Flags&abi.SameValue != 0 {
		return e.valueOf(row)
	}
	return rec.Value
}

func (e *newBatch) keyOf(rec *abi.Record, row uint32) []byte {
	switch {
	case rec.Flags&abi.SameKey != 0:
		return e.b.Key(row)
	case rec.Flags&abi.NoKey != 0:
		return nil
	}
	return rec.Key
}

// add adds a record.
func (e *newBatch) add(rec *abi.Record) {
	d, row := e.d, e.row(rec)
	d.Values = append(d.Values, e.payload(e.value(rec, row)))
	if e.keys {
		d.Keys = append(d.Keys, e.keep(e.keyOf(rec, row)))
	}
	if e.offsets {
		d.Offsets = append(d.Offsets, e.b.Offsets[row])
	}
	if e.times {
		d.Times = append(d.Times, e.timeOf(rec, row))
	}
	if e.headers {
		e.addHeaders(rec, row)
	}
}

// payload adds a value. Records are lines wherever they are written untouched.
func (e *newBatch) payload(text []byte) plugins.Span {
	if e.plan.payload.Format == "json" && bytes.IndexByte(text, '\n') >= 0 {
		at := len(e.d.Data)
		e.d.Data = jsontext.Compact(e.d.Data, text)
		return plugins.Span{Off: uint32(at), Len: uint32(len(e.d.Data) - at)}
	}
	return e.keep(text)
}

func (e *newBatch) keep(text []byte) plugins.Span {
	at := len(e.d.Data)
	e.d.Data = append(e.d.Data, text...)
	return plugins.Span{Off: uint32(at), Len: uint32(len(text))}
}

// timeOf returns the event time of a record in ns; one that is not known is that at which it is made.
func (e *newBatch) timeOf(rec *abi.Record, row uint32) int64 {
	switch {
	case rec.Flags&abi.SameTime == 0 && rec.Time != abi.NoTime:
		return nanos(rec.Time)
	case rec.Flags&abi.SameTime != 0 && e.stage.times != nil:
		return e.stage.times[row]
	}
	return e.d.Received
}

func (e *newBatch) addHeaders(rec *abi.Record, row uint32) {
	d, at := e.d, len(e.d.Headers)
	if rec.Flags&abi.SameHeaders != 0 {
		for _, h := range e.b.HeadersOf(row) {
			d.Headers = append(d.Headers, plugins.Header{Name: e.keep(h.Name.Of(e.b.Data)), Value: e.keep(h.Value.Of(e.b.Data))})
		}
	} else {
		for k := range rec.Headers.Len() {
			name, value := rec.Headers.At(k)
			d.Headers = append(d.Headers, plugins.Header{Name: e.keep(name), Value: e.keep(value)})
		}
	}
	d.HeaderRows = append(d.HeaderRows, plugins.Span{Off: uint32(at), Len: uint32(len(d.Headers) - at)})
}
