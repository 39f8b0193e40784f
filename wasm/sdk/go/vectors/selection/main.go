// Command selection is a behaviour that keeps the rows whose number is positive.
package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var _ = onstream.Register(onstream.Behaviour{Columns: process})

func process(in *onstream.Columns, out *onstream.Output) error {
	stay, valid := out.Selection(), in.Valid(0)
	for row, v := range in.Floats(0) {
		if v > 0 && valid.Has(row) {
			stay.Add(row)
		}
	}
	return nil
}

func main() {}
