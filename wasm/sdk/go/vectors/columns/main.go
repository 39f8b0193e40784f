// Command columns is a behaviour that returns its columns as they are, of the rows that are to be kept.
package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

// The inputs by their indices in the manifest; those of the outputs are the same.
const (
	boolean = iota
	integer
	float
	text
	bytes
	moment
	duration
	document
	keep
)

var _ = onstream.Register(onstream.Behaviour{Columns: process})

func process(in *onstream.Columns, out *onstream.Output) error {
	copy(out.Bools(boolean), in.Bools(boolean))
	copy(out.Ints(integer), in.Ints(integer))
	copy(out.Floats(float), in.Floats(float))
	copy(out.Times(moment), in.Micros(moment))
	copy(out.Durations(duration), in.Micros(duration))
	texts, rows := in.Texts(text), in.Texts(bytes)
	for row := range in.Len() {
		out.AppendString(text, texts.At(row))
		out.AppendBytes(bytes, rows.At(row))
	}
	for field := boolean; field < document; field++ {
		valid := in.Valid(field)
		for row := range in.Len() {
			if !valid.Has(row) {
				out.SetNull(field, row)
			}
		}
	}
	stay := out.Selection()
	for row, is := range in.Bools(keep) {
		if is {
			stay.Add(row)
		}
	}
	return nil
}

func main() {}
