// Command tally is a behaviour that counts and adds up the records of each key, in its state. A negative value is no value: it
// says what harm the behaviour is to do instead, after it has written its state.
package main

import (
	"encoding/binary"
	"strconv"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

const kept = onstream.Space(0)

var _ = onstream.Register(onstream.Behaviour{Records: process})

var text []byte // a value that is being made

func process(in *onstream.Records, out *onstream.Output) error {
	for row := range in.Len() {
		record := in.Value(row)
		raw, _ := onstream.Field(record, "value")
		value, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			out.Fail(row, "no value")
			continue
		}
		n, sum := read(row)
		n, sum = n+1, sum+value
		var state [16]byte
		binary.LittleEndian.PutUint64(state[:], uint64(n))
		binary.LittleEndian.PutUint64(state[8:], uint64(sum))
		kept.Put(row, "", state[:])
		if value < 0 {
			if err := harm(-value, row); err != nil {
				return err
			}
		}
		out.Record(row).SetValue(tally(record, n, sum))
	}
	return nil
}

func read(row int) (n, sum int64) {
	state, ok := kept.Get(row, "")
	if !ok {
		return 0, 0
	}
	return int64(binary.LittleEndian.Uint64(state)), int64(binary.LittleEndian.Uint64(state[8:]))
}

func tally(record []byte, n, sum int64) []byte {
	id, _ := onstream.Field(record, "id")
	key, _ := onstream.Field(record, "key")
	text = append(append(text[:0], `{"id":`...), id...)
	text = append(append(text, `,"key":`...), key...)
	text = strconv.AppendInt(append(text, `,"n":`...), n, 10)
	text = strconv.AppendInt(append(text, `,"sum":`...), sum, 10)
	return append(text, '}')
}

func main() {}
