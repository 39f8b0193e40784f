package host

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/meter"
)

// wasiModule is what compilers import their run-time needs from.
const wasiModule = "wasi_snapshot_preview1"

// The function that metering calls. No module of its own may import it.
const (
	meterModule = "onstream_meter"
	meterTick   = "tick"
)

// A Function is one of the host's. It finds its parameters on the stack, and puts its result there.
type Function struct {
	typ binary.FuncType
	run func(i *Instance, mem api.Memory, stack []uint64)
}

// NewFunction makes a function of a type such as "iI:i": i is an i32, I an i64; the results are behind the colon. A
// [*Fault] with which it panics ends the call.
func NewFunction(typ string, run func(i *Instance, mem api.Memory, stack []uint64)) Function {
	return Function{funcType(typ), run}
}

// imports returns the functions of a module of the host.
func imports(module string) map[string]Function {
	switch module {
	case abi.Module:
		return onstreamFunctions()
	case wasiModule:
		return wasiFunctions()
	}
	return nil
}

// guestContext is how a function of the host knows which instance called: the context of a call reaches it as it was given.
type guestContext struct {
	context.Context
	instance *Instance
	making   context.Context // while the instance is made, what the run-time is to know for that
}

// Value implements [context.Context]: there is nothing in it for a call, with each of which the run-time asks.
func (c *guestContext) Value(key any) any {
	if c.making != nil {
		return c.making.Value(key)
	}
	return nil
}

// provide makes the modules of the host known to a run-time.
func provide(ctx context.Context, r wazero.Runtime, x *Interface) error {
	for _, module := range x.modules() {
		b := r.NewHostModuleBuilder(module)
		for name, f := range x.imports(module) {
			b.NewFunctionBuilder().WithGoModuleFunction(f.counted(), apiTypes(f.typ.Params), apiTypes(f.typ.Results)).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	tick := api.GoModuleFunc(func(ctx context.Context, _ api.Module, stack []uint64) {
		if uint32(stack[0]) == meter.Deep {
			panic(Faultf(Limit, "the module calls itself too deeply"))
		}
		ctx.(*guestContext).instance.tick()
	})
	_, err := r.NewHostModuleBuilder(meterModule).NewFunctionBuilder().WithGoModuleFunction(tick, []api.ValueType{api.ValueTypeI32}, nil).Export(meterTick).Instantiate(ctx)
	return err
}

// counted is the function as the guest calls it.
func (f Function) counted() api.GoModuleFunc {
	run := f.run
	return func(ctx context.Context, m api.Module, stack []uint64) {
		i := ctx.(*guestContext).instance
		i.count(1)
		run(i, m.Memory(), stack)
	}
}

func apiTypes(ts []binary.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(ts))
	for k, t := range ts {
		out[k] = api.ValueType(t)
	}
	return out
}

// Bytes returns bytes of the guest, for its functions. They are its own, and change. Where they are outside of the memory,
// it panics with a fault.
func Bytes(mem api.Memory, ptr, size uint64) []byte { return read(mem, ptr, size) }

// read returns bytes of the guest, which are its own: they change.
func read(mem api.Memory, ptr, size uint64) []byte {
	b, ok := mem.Read(uint32(ptr), uint32(size))
	if !ok {
		panic(Faultf(Trap, "the module gave %d bytes at %#x, which are outside of its memory", uint32(size), uint32(ptr)))
	}
	return b
}
