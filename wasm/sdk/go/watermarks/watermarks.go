// Package watermarks is for behaviours that are called whenever event time goes on. Importing it has the module export
// what is called then.
package watermarks

import onstream "github.com/onstream/onstream/wasm/sdk/go"

var move func(us int64, out *onstream.Output) error

// Register says what is called when event time has gone on, with what it is now, in µs. There are no rows then, hence no state. It is
// called once, as the value of a variable.
func Register(call func(us int64, out *onstream.Output) error) struct{} {
	move = call
	return struct{}{}
}

func onWatermark(us int64) int64 {
	return onstream.Answer(0, func(out *onstream.Output) error { return move(us, out) })
}
