package host

import (
	"encoding/binary"
	"math"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
)

// stateGetMany finds the values of one name for several rows.
func stateGetMany(i *Instance, mem api.Memory, s []uint64) {
	space, name, n := i.space(s[0]), read(mem, s[1], s[2]), uint64(uint32(s[4]))
	if n > uint64(max(i.call.Rows, 1)) {
		panic(Faultf(Trap, "the module asks for the state of %d rows, there are %d in the call", n, i.call.Rows))
	}
	i.count(int(n / 16))
	var rows []byte
	if uint32(s[3]) != 0 {
		rows = read(mem, s[3], 4*n)
	}
	at := func(k int) uint32 {
		row := uint64(k)
		if rows != nil {
			row = uint64(binary.LittleEndian.Uint32(rows[4*k:]))
		}
		return i.row(row)
	}
	limit, size := uint64(uint32(s[6])), 8*n
	// What is kept may be on disk, and is valid until the next is asked for: so it is written as it is found, into what
	// is there for it, and the guest is told if that was too little.
	var buf []byte
	if size <= limit {
		buf = read(mem, s[5], limit)
	}
	for k := range int(n) {
		value, ok, err := i.call.State.Get(space, at(k), name)
		i.failed(err)
		if buf != nil {
			entry := buf[8*k:]
			binary.LittleEndian.PutUint32(entry, uint32(size))
			binary.LittleEndian.PutUint32(entry[4:], uint32(len(value)))
			if !ok {
				binary.LittleEndian.PutUint32(entry[4:], abi.NoValue)
			} else if size+uint64(len(value)) <= limit {
				copy(buf[size:], value)
			}
		}
		if size += uint64(len(value)); size > math.MaxInt32 {
			panic(Faultf(Limit, "the module asks for more than %d bytes of state at a time: ask for fewer rows", math.MaxInt32))
		}
	}
	answer(s, int32(size))
}
