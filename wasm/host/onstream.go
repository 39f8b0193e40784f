package host

import (
	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
)

func onstreamFunctions() map[string]Function {
	return map[string]Function{
		"log":            {funcType("iii:"), logText},
		"log_enabled":    {funcType("i:i"), logEnabled},
		"error":          {funcType("ii:"), setError},
		"now_us":         {funcType(":I"), func(i *Instance, _ api.Memory, s []uint64) { s[0] = uint64(i.call.Now) }},
		"watermark_us":   {funcType(":I"), func(i *Instance, _ api.Memory, s []uint64) { s[0] = uint64(i.call.Watermark) }},
		"emit":           {funcType("ii:i"), emit},
		"state_get":      {funcType("iiiiii:i"), stateGet},
		"state_get_many": {funcType("iiiiiii:i"), stateGetMany},
		"metric_define":  {funcType("iii:i"), metricDefine},
		"metric_record":  {funcType("iF:"), metricRecord},
		httpFunction:     {funcType("iiii:i"), httpRequest},
		"state_put":      {funcType("iiiiiiI:i"), statePut},
		"state_del":      {funcType("iiii:i"), stateDelete},
		"timer_set":      {funcType("iiII:i"), timerSet},
		"timer_clear":    {funcType("iiI:i"), timerClear},
	}
}

// answer is the result of a function whose result is an i32.
func answer(stack []uint64, v int32) { stack[0] = api.EncodeI32(v) }

func logText(i *Instance, mem api.Memory, s []uint64) {
	i.log.line(i.call.Now, level(s[0]), read(mem, s[1], s[2]))
}

func logEnabled(i *Instance, _ api.Memory, s []uint64) {
	enabled := int32(0)
	if i.log.logger.Enabled(i.ctx, level(s[0])) {
		enabled = 1
	}
	answer(s, enabled)
}

func setError(i *Instance, mem api.Memory, s []uint64) {
	i.message = append(i.message[:0], clip(read(mem, s[0], s[1]))...)
}

// chunkSize is how much memory there is for frames that are emitted, unless one needs more: it does not grow, because what
// is large takes long to copy.
const chunkSize = 256 << 10

func emit(i *Instance, mem api.Memory, s []uint64) {
	frame := read(mem, s[0], s[1])
	if i.returns+len(frame) > i.limits.Output {
		panic(Faultf(Limit, "the module emits more than %d bytes in a call: raise limits.output, or return less", i.limits.Output))
	}
	if len(frame) > cap(i.chunk)-len(i.chunk) {
		i.chunk = make([]byte, 0, max(len(frame), chunkSize))
	}
	from := len(i.chunk)
	i.chunk = append(i.chunk, frame...)
	i.emitted = append(i.emitted, i.chunk[from:len(i.chunk):len(i.chunk)])
	i.returns += len(frame)
	answer(s, abi.Done)
}

// row returns a row that there is.
func (i *Instance) row(v uint64) uint32 {
	row := uint32(v)
	if int64(row) >= int64(i.call.Rows) || i.call.State == nil {
		panic(Faultf(Trap, "the module named row %d for its state, there are %d rows in the call", row, i.call.Rows))
	}
	return row
}

// space returns a namespace that there is.
func (i *Instance) space(v uint64) uint8 {
	if space, n := uint32(v), len(i.module.Manifest.State.Spaces); int64(space) >= int64(n) {
		panic(Faultf(Trap, "the module named space %d of its state, its manifest has %d", space, n))
	}
	return uint8(v)
}

// failed ends a call where the host's state cannot be used. A fault is the guest's; what is not ends the pipeline.
func (i *Instance) failed(err error) {
	if err == nil {
		return
	}
	if _, ok := err.(*Fault); !ok { //nolint:errorlint // one that is wrapped would not be the guest's
		i.stop = err
	}
	panic(err)
}

func stateGet(i *Instance, mem api.Memory, s []uint64) {
	value, ok, err := i.call.State.Get(i.space(s[0]), i.row(s[1]), read(mem, s[2], s[3]))
	i.failed(err)
	if !ok {
		answer(s, abi.Absent)
		return
	}
	if limit := uint32(s[5]); uint64(len(value)) <= uint64(limit) {
		copy(read(mem, s[4], uint64(len(value))), value)
	}
	answer(s, int32(len(value)))
}

func statePut(i *Instance, mem api.Memory, s []uint64) {
	i.failed(i.call.State.Put(i.space(s[0]), i.row(s[1]), read(mem, s[2], s[3]), read(mem, s[4], s[5]), int64(s[6])))
	answer(s, abi.Done)
}

func stateDelete(i *Instance, mem api.Memory, s []uint64) {
	ok, err := i.call.State.Delete(i.space(s[0]), i.row(s[1]), read(mem, s[2], s[3]))
	i.failed(err)
	found(s, ok)
}

func found(s []uint64, ok bool) {
	if !ok {
		answer(s, abi.Absent)
		return
	}
	answer(s, abi.Done)
}

// clock returns a clock that there is.
func clock(v uint64) uint8 {
	if c := uint32(v); c > abi.ProcessingTime {
		panic(Faultf(Trap, "the module named the clock %d: 0 is event time, 1 that of the pipeline", c))
	}
	return uint8(v)
}

func timerSet(i *Instance, _ api.Memory, s []uint64) {
	i.failed(i.call.Timers.Set(i.row(s[0]), clock(s[1]), s[2], int64(s[3])))
	answer(s, abi.Done)
}

func timerClear(i *Instance, _ api.Memory, s []uint64) {
	ok, err := i.call.Timers.Clear(i.row(s[0]), clock(s[1]), s[2])
	i.failed(err)
	found(s, ok)
}
