package host_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// getMany is a behaviour that asks for values of the name "k" and returns what is written for it in limit bytes, with the
// answer before it.
func getMany(rows, n, limit int32) wasmtest.Behaviour {
	const buf = 512
	b := processing(
		wasmtest.I32(buf-4),
		wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(1), wasmtest.I32(rows), wasmtest.I32(n), wasmtest.I32(buf), wasmtest.I32(limit), wasmtest.CallOf(0),
		[]byte{0x36, 2, 0}, wasmtest.I64((buf-4)<<32|64),
	)
	b.Imports = []wasmtest.HostFunc{{Module: abi.Module, Name: "state_get_many", Params: "iiiiiii", Results: "i"}}
	b.Data, b.Manifest = "k...\x02\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00", `{"state": {"spaces": ["a"]}}` // rows 2 and 0 at 4
	return b
}

func TestStateOfManyRows(t *testing.T) {
	t.Parallel()
	s := &store{values: map[string]string{name(0, 0, []byte("k")): "zero", name(0, 2, []byte("k")): "two"}}
	none := uint32(abi.NoValue)
	for _, x := range []struct {
		rows, n, limit int32
		size           uint32
		spans          []uint32 // offsets and lengths
		text           string
		fault          string
	}{
		{0, 3, 60, 31, []uint32{24, 4, 28, 0, 28, 3}, "zerotwo", ""},
		{4, 2, 60, 23, []uint32{16, 3, 19, 4}, "twozero", ""},
		{0, 3, 30, 31, nil, "", ""}, // too short
		{0, 3, 0, 31, nil, "", ""},
		{0, 0, 0, 0, nil, "", ""},
		{0, 4, 60, 0, nil, "", "the module asks for the state of 4 rows, there are 3 in the call"},
		{4, 3, 60, 0, nil, "", "the module named row 9 for its state, there are 3 rows in the call"},
	} {
		i := start(t, getMany(x.rows, x.n, x.limit))
		i.Begin(host.Call{Rows: 3, State: s})
		if _, err := i.Input(0); err != nil {
			t.Fatal(err)
		}
		out, err := i.Process()
		if x.fault != "" {
			if err == nil || !strings.Contains(err.Error(), x.fault) {
				t.Errorf("%d rows at %d give %v, not %s", x.n, x.rows, err, x.fault)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := binary.LittleEndian.Uint32(out); got != x.size {
			t.Errorf("%d rows at %d take %d bytes, not %d", x.n, x.rows, got, x.size)
		}
		if x.text == "" {
			continue
		}
		var want []byte
		for k, v := range x.spans {
			if k == 3 && x.n == 3 {
				v = none // the row without a value
			}
			want = binary.LittleEndian.AppendUint32(want, v)
		}
		if want = append(want, x.text...); !bytes.Equal(out[4:4+len(want)], want) {
			t.Errorf("%d rows at %d are %q, not %q", x.n, x.rows, out[4:4+len(want)], want)
		}
	}
}
