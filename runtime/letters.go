package runtime

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// letters makes dead letters: records with the fields of [graph.ErrorShape].
type letters struct {
	record   plugins.Encoder // of records that have no payload; nil where all have
	failures []plugins.Failure
	rows     []uint32
}

// batch returns the failed rows of a batch as records, and forgets them.
func (l *letters) batch(s *stage, b *plugins.Batch) *plugins.Batch {
	l.failures, l.rows = l.failures[:0], l.rows[:0]
	b.TakeFailures(func(f plugins.Failure) {
		l.failures = append(l.failures, f)
		l.rows = append(l.rows, f.Row)
	})
	d := s.pool.Batch()
	d.Part, d.Received = b.Part, b.Received
	d.SelectAll(len(l.failures))
	d.CloseRecord()
	var cols [10]*plugins.Column
	for k, f := range graph.ErrorShape().Type.Fields {
		cols[k] = d.NewColumn(f.Name, f.Type.Kind)
	}
	payload := b.Value
	if b.Values == nil {
		rendered := l.render(s, b)
		defer rendered.Release()
		next := uint32(0)
		payload = func(uint32) []byte {
			next++
			return rendered.Value(next - 1)
		}
	}
	now := s.now().UnixNano()
	for k, f := range l.failures {
		row := uint32(k)
		cols[0].Ints[row] = now
		for c, text := range [...]string{s.pipeline, s.addr, f.Code, f.Msg, f.Expr, b.Part.String()} {
			if text == "" && c >= 4 {
				cols[1+c].SetNull(row)
			} else {
				cols[1+c].AppendString(row, text)
			}
		}
		if b.Offsets != nil {
			cols[7].Ints[row] = b.Offsets[f.Row]
		} else {
			cols[7].SetNull(row)
		}
		setPayload(cols[8], cols[9], row, payload(f.Row))
	}
	return d
}

// render returns the failed rows, which have no payload, as JSON: as many rows
// as failed, or none where one of them cannot be rendered.
func (l *letters) render(s *stage, b *plugins.Batch) *plugins.Batch {
	d := s.pool.Batch()
	if l.record == nil {
		return d
	}
	alive := b.Sel
	b.Sel = l.rows
	d.Values = d.SpareValues()
	l.record.Encode(b, d)
	b.TakeFailures(func(plugins.Failure) { d.Values = nil })
	b.Sel = alive
	return d
}

// setPayload stores a payload as text where it is text, in base64 otherwise.
func setPayload(text, base *plugins.Column, row uint32, payload []byte) {
	text.SetNull(row)
	base.SetNull(row)
	switch {
	case payload == nil:
	case utf8.Valid(payload):
		text.AppendBytes(row, payload)
		text.Nulls[row] = false
	default:
		base.AppendString(row, base64.StdEncoding.EncodeToString(payload))
		base.Nulls[row] = false
	}
}
