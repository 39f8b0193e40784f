// Command guest is a behaviour whose records say what to do with them, one command a record. It is written without an
// SDK, so that it shows what is on the wire.
package main

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

//go:wasmimport onstream_v1 state_get
func stateGet(space, row uint32, name unsafe.Pointer, nameLen uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport onstream_v1 state_put
func statePut(space, row uint32, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32, ttl int64) int32

//go:wasmimport onstream_v1 state_del
func stateDel(space, row uint32, name unsafe.Pointer, nameLen uint32) int32

//go:wasmimport onstream_v1 timer_set
func timerSet(row, clock uint32, id, us int64) int32

//go:wasmimport onstream_v1 timer_clear
func timerClear(row, clock uint32, id int64) int32

//go:wasmimport onstream_v1 emit
func emit(ptr unsafe.Pointer, size uint32) int32

//go:wasmimport onstream_v1 error
func setError(ptr unsafe.Pointer, size uint32)

//go:wasmimport onstream_v1 watermark_us
func watermark() int64

var (
	le     = binary.LittleEndian
	input  []byte
	output []byte
	memory string // what it keeps in its own memory
	limit  float64
)

//go:wasmexport onstream_abi_v1
func marker() {}

//go:wasmexport onstream_alloc
func alloc(n uint32) unsafe.Pointer {
	if int(n) > cap(input) || input == nil {
		input = make([]byte, n+64)
	}
	return unsafe.Pointer(&input[:1][0])
}

func given(ptr unsafe.Pointer, n uint32) []byte { return unsafe.Slice((*byte)(ptr), n) }

func returned() int64 {
	if len(output) == 0 {
		return 0
	}
	return int64(uintptr(unsafe.Pointer(&output[0])))<<32 | int64(len(output))
}

func pointer(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

// text is the bytes at an offset and a length.
func text(frame []byte, at uint32) string {
	off, n := le.Uint32(frame[at:]), le.Uint32(frame[at+4:])
	return string(frame[off : off+n])
}

//go:wasmexport onstream_open
func open(ptr unsafe.Pointer, n uint32) int32 {
	f := given(ptr, n)
	for i := range le.Uint32(f[20:]) {
		d := 32 + 32*i
		switch name := text(f, d); name {
		case "limit":
			limit = math.Float64frombits(le.Uint64(f[d+16:]))
		case "refuse":
			fail("it refuses to open: " + text(f, d+24))
			return -1
		}
	}
	return 0
}

// configured is how often this instance was given new parameters.
var configured int

//go:wasmexport onstream_configure
func configure(ptr unsafe.Pointer, n uint32) int32 {
	configured++
	return open(ptr, n)
}

func fail(msg string) { setError(pointer(msg), uint32(len(msg))) }

// out is a record to return.
type out struct {
	row           uint32
	port          uint16
	flags, status uint8
	time          int64
	key, value    string
	header        string
}

const (
	same  = 15
	noRow = math.MaxUint32
)

// frame puts records into output.
func frame(outs []out) {
	output = append(output[:0], make([]byte, 32+40*len(outs)+16*len(outs))...)
	for i, o := range outs {
		d, h := 32+40*i, 32+40*len(outs)+16*i
		le.PutUint64(output[d:], uint64(o.time))
		le.PutUint32(output[d+8:], o.row)
		le.PutUint16(output[d+12:], o.port)
		output[d+14], output[d+15] = o.flags, o.status
		put(d+16, o.key)
		put(d+24, o.value)
		if o.header != "" {
			put(h, "h")
			put(h+8, o.header)
			le.PutUint32(output[d+32:], uint32(h))
			le.PutUint16(output[d+36:], 1)
		}
	}
	header(1, 0, len(outs))
}

func put(at int, s string) {
	le.PutUint32(output[at:], uint32(len(output)))
	le.PutUint32(output[at+4:], uint32(len(s)))
	output = append(output, s...)
}

func header(kind byte, rows, count int) {
	for i, v := range []uint32{0x31534e4f, uint32(kind), uint32(len(output)), uint32(rows), 32, uint32(count), 0, 0} {
		le.PutUint32(output[4*i:], v)
	}
}

//go:wasmexport onstream_process
func process(ptr unsafe.Pointer, n uint32) int64 {
	f := given(ptr, n)
	if f[4] == 3 {
		return columns(f)
	}
	var outs []out
	for row := range le.Uint32(f[12:]) {
		d := 32 + 40*row
		cmd, arg, _ := strings.Cut(text(f, d+24), ":")
		switch cmd {
		case "bitmap":
			return bitmap(f)
		case "err":
			fail("the command is err")
			return -5
		case "bad":
			output = append(output[:0], "no frame at all, but long enough to be one"...)
			return returned()
		case "outside":
			return 0x7fffffff_00000001
		case "wrap":
			return 0x00000010_ffffffff
		default:
			outs = run(outs, f, row, cmd, arg)
		}
	}
	if outs == nil {
		return 0
	}
	frame(outs)
	return returned()
}

func run(outs []out, f []byte, row uint32, cmd, arg string) []out {
	d := 32 + 40*row
	one := func(o out) []out {
		o.row = row
		return append(outs, o)
	}
	keep := out{flags: same}
	switch cmd {
	case "keep":
		return one(keep)
	case "say":
		return one(out{flags: same &^ 2, value: arg})
	case "twice":
		outs = one(keep)
		return one(keep)
	case "new":
		return append(outs, out{row: noRow, value: arg, key: "k", header: "x", time: 7_000_000})
	case "port":
		return one(out{flags: same, port: 1})
	case "dead":
		return one(out{status: 1, value: arg})
	case "retry":
		if memory == "" {
			memory = "asked"
			return one(out{status: 2})
		}
		return one(out{flags: same &^ 2, value: "at last"})
	case "again":
		return one(out{status: 2})
	case "panic":
		panic("told to")
	case "every3":
		if turns++; turns%3 == 0 {
			panic("every third")
		}
		return one(keep)
	case "recurse":
		return one(out{flags: same &^ 2, value: strconv.Itoa(deep(1 << 30))})
	case "calls":
		for watermark() != 1 {
			turns++
		}
	case "hog":
		for all := [][]byte{}; ; {
			all = append(all, make([]byte, 1<<20))
			turns += len(all)
		}
	case "pointer":
		setError(unsafe.Pointer(^uintptr(1)), 100)
	case "spin":
		for {
			if memory == "never" {
				return nil
			}
		}
	case "put":
		name, value, _ := strings.Cut(arg, "=")
		statePut(0, row, pointer(name), uint32(len(name)), pointer(value), uint32(len(value)), 0)
	case "brief":
		statePut(0, row, pointer("x"), 1, pointer(arg), uint32(len(arg)), 1_000_000)
	case "get":
		var buf [100]byte
		n := stateGet(0, row, pointer(arg), uint32(len(arg)), unsafe.Pointer(&buf[0]), 100)
		if n < 0 {
			return one(out{flags: same &^ 2, value: "none"})
		}
		return one(out{flags: same &^ 2, value: string(buf[:n])})
	case "del":
		stateDel(0, row, pointer(arg), uint32(len(arg)))
	case "grow":
		for i := range 100_000 {
			name := strconv.Itoa(i)
			statePut(0, row, pointer(name), uint32(len(name)), pointer(name), uint32(len(name)), 0)
		}
	case "timer", "alarm":
		clock := uint32(0)
		if cmd == "alarm" {
			clock = 1
		}
		id, at, _ := strings.Cut(arg, "@")
		i, _ := strconv.ParseInt(id, 10, 64)
		us, _ := strconv.ParseInt(at, 10, 64)
		timerSet(row, clock, i, us)
	case "stop":
		i, _ := strconv.ParseInt(arg, 10, 64)
		timerClear(row, 0, i)
	case "remember":
		memory += arg
	case "recall":
		return one(out{flags: same &^ 2, value: memory})
	case "emit":
		outs := outs
		frame([]out{{row: row, flags: same &^ 2, value: "first"}})
		emit(unsafe.Pointer(&output[0]), uint32(len(output)))
		return append(outs, out{row: row, flags: same &^ 2, value: "second"})
	case "time":
		return one(out{flags: same &^ 2, value: strconv.FormatInt(int64(le.Uint64(f[d:])), 10) + " " + strconv.FormatInt(watermark(), 10)})
	case "sleep":
		began := time.Now()
		time.Sleep(time.Hour)
		return one(out{flags: same &^ 2, value: time.Since(began).Round(time.Minute).String()})
	case "limit":
		return one(out{flags: same &^ 2, value: strconv.FormatFloat(limit, 'g', -1, 64)})
	case "whose":
		return one(out{flags: same &^ 2, value: text(f, d+16)})
	case "configured":
		return one(out{flags: same &^ 2, value: strconv.Itoa(configured)})
	case "key":
		return one(out{flags: same &^ 7, key: arg, value: text(f, d+16), header: arg})
	}
	return outs
}

// turns is how often something was done.
var turns int

//go:noinline
func deep(n int) int {
	if n == 0 {
		return 1
	}
	return deep(n-1) + deep(n-2)
}

// bitmap keeps the even rows.
func bitmap(f []byte) int64 {
	rows := int(le.Uint32(f[12:]))
	output = append(output[:0], make([]byte, 32+(rows+7)/8)...)
	for i := 32; i < len(output); i++ {
		output[i] = 0x55
	}
	header(2, rows, len(output)-32)
	return returned()
}

// columns adds f, the temperature in other degrees, where that is above the limit.
func columns(f []byte) int64 {
	rows := int(le.Uint32(f[12:]))
	data := f[le.Uint32(f[32+8:]):]
	at, bits := 32+2*32, (rows+7)/8
	output = append(output[:0], make([]byte, at+8*rows+bits)...)
	for i := range rows {
		v := math.Float64frombits(le.Uint64(data[8*i:]))
		le.PutUint64(output[at+8*i:], math.Float64bits(v*9/5+32))
		if v > limit {
			output[at+8*rows+i/8] |= 1 << (i % 8)
		}
	}
	for i, v := range []uint32{3, 0, uint32(at), uint32(8 * rows)} {
		le.PutUint32(output[32+4*i:], v)
	}
	for i, v := range []uint32{9, 0, uint32(at + 8*rows), uint32(bits)} {
		le.PutUint32(output[64+4*i:], v)
	}
	header(3, rows, 2)
	return returned()
}

//go:wasmexport onstream_on_timer
func onTimer(ptr unsafe.Pointer, n uint32) int64 {
	f := given(ptr, n)
	var outs []out
	for row := range le.Uint32(f[12:]) {
		d := 32 + 32*row
		id := le.Uint64(f[d+8:])
		if id == 13 {
			panic("thirteen")
		}
		var buf [100]byte
		got := max(0, stateGet(0, row, pointer("x"), 1, unsafe.Pointer(&buf[0]), 100))
		outs = append(outs, out{row: noRow, flags: 16, value: "timer " + strconv.FormatUint(id, 10) + " of " + text(f, d+16)[1:] + " with " + string(buf[:got]), time: int64(le.Uint64(f[d:]))})
		statePut(0, row, pointer("fired"), 5, pointer("yes"), 3, 0)
	}
	frame(outs)
	return returned()
}

//go:wasmexport onstream_snapshot
func snapshot() int64 {
	output = append(output[:0], memory...)
	return returned()
}

//go:wasmexport onstream_restore
func restore(ptr unsafe.Pointer, n uint32) int32 {
	if limit == 99 {
		fail("it does not know what this is")
		return -7
	}
	memory += string(given(ptr, n))
	return 0
}

func main() {}
