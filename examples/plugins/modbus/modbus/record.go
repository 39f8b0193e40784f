package modbus

import (
	"context"
	"encoding/json"
	"time"

	"github.com/onstream/onstream/plugins"
)

// The qualities of a record.
const (
	good    = "good"
	partial = "partial" // some registers are null
	bad     = "bad"     // all are
)

// shape returns the fields of a record.
func shape(registers []register) plugins.Shape {
	text := plugins.Of(plugins.String)
	fields := []plugins.Field{{Name: "ts", Type: plugins.Of(plugins.Time)}, {Name: "device", Type: text}}
	for _, r := range registers {
		fields = append(fields, plugins.Field{Name: r.name, Type: plugins.Of(r.kind()).OrNull()})
	}
	fields = append(fields,
		plugins.Field{Name: "quality", Type: text},
		plugins.Field{Name: "errors", Type: plugins.Type{Kind: plugins.Map, Elem: &text, Nullable: true}})
	if unitsOf(registers) != nil {
		fields = append(fields, plugins.Field{Name: "units", Type: plugins.Type{Kind: plugins.Map, Elem: &text}})
	}
	return plugins.Columns(fields...)
}

// unitsOf returns the units of the registers that have one, by name; nil where none has.
func unitsOf(registers []register) map[string]string {
	var units map[string]string
	for _, r := range registers {
		if r.unit != "" {
			if units == nil {
				units = map[string]string{}
			}
			units[r.name] = r.unit
		}
	}
	return units
}

// hand makes a record of what the requests have, as of the time when the poll began.
func (s *source) hand(ctx context.Context, at time.Time, out plugins.Outlet) error {
	b := out.Batch()
	b.Part, b.Received = plugins.Partition{Name: s.place}, at.UnixNano()
	b.SelectAll(1)
	b.Times = append(b.SpareTimes(), b.Received)
	b.NewColumn("ts", plugins.Time).Ints[0] = b.Received
	b.NewColumn("device", plugins.String).AppendString(0, s.name)
	columns := make([]*plugins.Column, len(s.registers))
	for i, r := range s.registers {
		columns[i] = b.NewColumn(plugins.JoinPath(r.name), r.kind())
	}
	why := s.decode(columns)
	quality := good
	switch {
	case len(why) == len(s.registers):
		quality = bad
	case len(why) > 0:
		quality = partial
	}
	b.NewColumn("quality", plugins.String).AppendString(0, quality)
	if err := setMap(b.NewColumn("errors", plugins.Map), why); err != nil {
		return err
	}
	if units := unitsOf(s.registers); units != nil {
		if err := setMap(b.NewColumn("units", plugins.Map), units); err != nil {
			return err
		}
	}
	return out.Hand(ctx, plugins.Delivery{Batch: b})
}

// decode fills the columns of the registers. It returns why some are null, by their names.
func (s *source) decode(columns []*plugins.Column) map[string]string {
	why := map[string]string{}
	for _, q := range s.requests {
		for _, i := range q.registers {
			r := s.registers[i]
			reason := ""
			if q.err != nil {
				reason, _ = exceptionOf(q.err)
			} else if err := r.set(columns[i], q.words[r.address-q.address:][:r.words]); err != nil {
				reason = err.Error()
			}
			s.tell(i, reason)
			if reason != "" {
				columns[i].SetNull(0)
				why[r.name] = reason
			}
		}
	}
	return why
}

// setMap writes a map as JSON; an empty one is null.
func setMap(col *plugins.Column, m map[string]string) error {
	if len(m) == 0 {
		col.SetNull(0)
		return nil
	}
	text, err := json.Marshal(m)
	if err == nil {
		col.AppendBytes(0, text)
	}
	return err
}
