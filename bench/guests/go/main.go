// Command go does the work of P2 on records: a filter on a temperature, and a record of three fields.
package main

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var _ = onstream.Register(onstream.Behaviour{Records: process})

var value []byte // that is being made

func process(in *onstream.Records, out *onstream.Output) error {
	for row := range in.Len() {
		reading := in.Value(row)
		raw, _ := onstream.Field(reading, "temperature")
		t, ok := onstream.Number(raw)
		if !ok || t <= 75 {
			continue
		}
		device, _ := onstream.Field(reading, "device_id")
		site, _ := onstream.Field(reading, "site")
		value = append(append(value[:0], `{"device_id":`...), device...)
		value = onstream.AppendNumber(append(value, `,"f":`...), t*9/5+32)
		value = append(append(append(value, `,"site":`...), site...), '}')
		out.Record(row).SetValue(value)
	}
	return nil
}

func main() {}
