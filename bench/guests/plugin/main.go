// Command plugin does the work of P2 in a process of its own: on columns, and on records as a plugin does that knows nothing but
// their payloads.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/plugins/remote"
)

func main() {
	var r plugins.Registry
	if err := errors.Join(r.AddTransform(columns()), r.AddTransform(records())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(remote.Serve(remote.Serving{Name: "bench", Registry: &r}))
}

// columns is a filter that adds the temperature in Fahrenheit.
func columns() plugins.TransformKind {
	return plugins.TransformKind{
		Name: "columns",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "temperature", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.Float)},
		}},
		Outputs: func(in plugins.Shape, _ plugins.Config) ([]plugins.Output, error) {
			return []plugins.Output{{Shape: in.With([]plugins.Field{{Name: "f", Type: plugins.Of(plugins.Float)}})}}, nil
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			return &hotColumns{temperature: c.Expr("temperature").Evaluator(env)}, nil
		},
	}
}

type hotColumns struct {
	temperature plugins.Evaluator
	fahrenheit  plugins.Column
}

// Process implements [plugins.Transform].
func (h *hotColumns) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	t := h.temperature.Eval(b).Floats
	h.fahrenheit.Reset(plugins.Float, b.Len)
	kept := 0
	for _, i := range b.Sel {
		if t[i] > 75 {
			h.fahrenheit.Floats[i] = t[i]*9/5 + 32
			b.Sel[kept] = i
			kept++
		}
	}
	out.Drop(len(b.Sel) - kept)
	b.Sel = b.Sel[:kept]
	b.AddColumn("f", &h.fahrenheit)
	out.Emit(0, b)
	return nil
}

// records makes a record of three fields of each payload that is hot.
func records() plugins.TransformKind {
	return plugins.TransformKind{
		Name:          "records",
		Payload:       true,
		DefaultFormat: "json",
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			shape := c.Payload()
			shape.Generation = in.Generation + 1
			return []plugins.Output{{Shape: shape}}, nil
		},
		New: func(_ plugins.Config, env plugins.Env) (plugins.Transform, error) { return hotRecords{env.Pool}, nil },
	}
}

type hotRecords struct{ pool *plugins.Pool }

// Process implements [plugins.Transform].
func (h hotRecords) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	made := h.pool.Batch()
	defer made.Release()
	made.Part, made.Received = b.Part, b.Received
	made.Grow(len(b.Data))
	made.Values = made.SpareValues()
	dropped := 0
	for _, i := range b.Sel {
		at := len(made.Data)
		text, hot, err := appendHot(made.Data, b.Value(i))
		switch {
		case err != nil:
			b.Fail(i, plugins.Failure{Code: "decode", Msg: err.Error()})
		case !hot:
			dropped++
		default:
			made.Data = text
			made.Values = append(made.Values, plugins.Span{Off: uint32(at), Len: uint32(len(text) - at)})
		}
	}
	b.DropFailed()
	out.Drop(dropped)
	made.SelectAll(len(made.Values))
	out.Emit(0, made)
	return nil
}

// appendHot appends the record of a reading, if it is hot.
func appendHot(dst, reading []byte) (text []byte, hot bool, err error) {
	var device, temperature, site []byte
	for it := jsontext.Members(reading); it.Next(); err = it.Err() {
		switch string(it.Key()) {
		case "device_id":
			device = it.Value()
		case "temperature":
			temperature = it.Value()
		case "site":
			site = it.Value()
		}
	}
	if err != nil {
		return dst, false, err
	}
	t, err := jsontext.ParseFloat(temperature)
	if err != nil || t <= 75 {
		return dst, false, err
	}
	dst = append(append(dst, `{"device_id":`...), device...)
	dst = jsontext.AppendFloat(append(dst, `,"f":`...), t*9/5+32)
	return append(append(append(dst, `,"site":`...), site...), '}'), true, nil
}
