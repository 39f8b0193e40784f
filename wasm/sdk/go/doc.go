// Package onstream is what behaviours for onstream are written with in Go: WebAssembly modules that are given batches of records, or
// columns of them, and say what becomes of these.
//
// A behaviour is a program without a main function to speak of. It says what it does in a variable:
//
//	package main
//
//	import onstream "github.com/onstream/onstream/wasm/sdk/go"
//
//	var _ = onstream.Register(onstream.Behaviour{Records: process})
//
//	func process(in *onstream.Records, out *onstream.Output) error {
//		for row := range in.Len() {
//			if raw, ok := onstream.Field(in.Value(row), "temperature"); !ok {
//				out.Fail(row, `no number "temperature"`)
//			} else if t, ok := onstream.Number(raw); ok && t > 75 {
//				out.Pass(row)
//			}
//		}
//		return nil
//	}
//
//	func main() {}
//
// It is built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared
//
// which onstream module build does, and adds the manifest. What a module exports says what it can do, so what not every
// behaviour does is in packages of its own: timers, watermarks and snapshots.
//
// A call takes effect as a whole: what it has put into the state, set as timers and given out counts when the function has returned
// nil. An error, a panic, or too much time undo all of it, and the rows are given again in smaller batches, down to the one that is to
// blame. So what must not be lost belongs into the state ([Space]), not into variables.
//
// All that is given to a behaviour, and slices that functions return, are valid during the call, and those that say so until the next
// call of the function. Times are µs since 1970 in UTC: [time.UnixMicro] makes a time.Time of them. Rows are numbers from 0; a row stands
// for its key where state and timers are concerned. Nothing here is safe for concurrent use, and nothing
// needs to be: a module has one thread.
//
// Nothing in this package allocates for each record. A behaviour that does not either is never held up by a garbage
// collection.
package onstream
