package abi_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/wasm/abi"
)

// What is written is read again, whatever was undone in between.
func TestOutputWriter(t *testing.T) {
	t.Parallel()
	text := func(r *rapid.T, name string) []byte { return []byte(rapid.StringN(0, 5, 20).Draw(r, name)) }
	rapid.Check(t, func(r *rapid.T) {
		var w abi.OutputWriter
		var want []string
		w.Add(abi.Record{Value: []byte("of a frame before")})
		w.Reset()
		add := func() string {
			rec := abi.Record{
				Time: rapid.Int64().Draw(r, "time"), Row: uint32(rapid.IntRange(0, 9).Draw(r, "row")), Port: uint16(rapid.IntRange(0, 2).Draw(r, "port")),
				Status: rapid.Uint8Range(abi.Emit, abi.Retry).Draw(r, "status"), Key: text(r, "key"), Value: text(r, "value"),
			}
			var headers []abi.Pair
			for range rapid.IntRange(0, 3).Draw(r, "headers") {
				headers = append(headers, abi.Pair{Name: text(r, "name"), Value: text(r, "header")})
			}
			w.Add(rec, headers...)
			says := fmt.Sprint(rec.Time, rec.Row, rec.Port, rec.Status, string(rec.Key), "/", string(rec.Value))
			for _, h := range headers {
				says += fmt.Sprintf(" %s=%s", h.Name, h.Value)
			}
			return says
		}
		for range rapid.IntRange(0, 8).Draw(r, "records") {
			m := w.Mark()
			said := add()
			if rapid.Bool().Draw(r, "undo") {
				w.Rewind(m)
				continue
			}
			want = append(want, said)
		}
		records, err := abi.ParseRecords(w.Frame(10), 10, 3, 1<<20, nil)
		if err != nil {
			r.Fatal(err)
		}
		var got []string
		for i := range records.Len() {
			rec := records.At(i)
			says := fmt.Sprint(rec.Time, rec.Row, rec.Port, rec.Status, string(rec.Key), "/", string(rec.Value))
			for k := range rec.Headers.Len() {
				name, value := rec.Headers.At(k)
				says += fmt.Sprintf(" %s=%s", name, value)
			}
			got = append(got, says)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			r.Errorf("it reads\n%q, not\n%q", got, want)
		}
	})
}
