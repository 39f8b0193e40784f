package host

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
)

// State is what the keys of the rows of a call keep. An error that is not a [*Fault] is not the guest's.
type State interface {
	// Get returns a value, valid until the next call of a method.
	Get(space uint8, row uint32, name []byte) (value []byte, ok bool, err error)
	// Put keeps a copy of name and value for ttl µs, for ever where that is not positive.
	Put(space uint8, row uint32, name, value []byte, ttl int64) error
	// Delete reports whether there was a value.
	Delete(space uint8, row uint32, name []byte) (bool, error)
}

// Timers are those of the keys of the rows of a call. Errors are as of [State].
type Timers interface {
	// Set sets a timer for a time in µs since 1970, or moves it there.
	Set(row uint32, clock uint8, id uint64, at int64) error
	// Clear reports whether there was one.
	Clear(row uint32, clock uint8, id uint64) (bool, error)
}

// A Call is what the guest sees while it is called.
type Call struct {
	Rows           int   // of the frame it is given
	Now, Watermark int64 // µs since 1970
	State          State // nil where there are no rows
	Timers         Timers
}

// Instance is a guest. It is used by one goroutine at a time, and by nobody any more after a [Fault] that is not Alive.
type Instance struct {
	module *Module
	limits Limits
	ctx    *guestContext
	guest  api.Module
	memory api.Memory

	alloc, process, onTimer, onWatermark, configure, snapshot, restore api.Function

	surroundings Surroundings
	cleanup      runtime.Cleanup

	log     *Log
	partial []byte // of a line that the guest has begun to write
	random  *rand.ChaCha8
	waited  int64 // ns that the guest has let go by
	asked   int64 // how often it has asked for the monotonic clock

	opened  bool
	metrics []Metric

	call     Call
	stack    [2]uint64
	input    struct{ ptr, size uint64 }
	calls    int
	allowed  time.Duration
	limit    string // what allows that
	spent    time.Duration
	seen     time.Time // when the clock was looked at last; zero before the first time in a call
	message  []byte
	stderr   []byte
	emitted  [][]byte // frames
	chunk    []byte   // that the last of them are in
	returns  int      // bytes of all of them
	samples  []Sample
	answered []byte // the last answer of http_request in the call
	stop     error  // not the guest's
}

// Instantiate makes an instance and opens it with settings, a frame; nil for none.
func (m *Module) Instantiate(log *Log, now int64, settings []byte) (*Instance, error) {
	i, err := m.Start(Surroundings{Log: log, Now: now})
	if err != nil {
		return nil, err
	}
	guest := i.guest
	if f := guest.ExportedFunction(abi.Initialize); f != nil {
		if err := i.invoke(f); err != nil {
			return nil, i.abandon(fmt.Errorf("initialize: %w", err))
		}
	}
	for name, f := range map[string]*api.Function{
		abi.Alloc: &i.alloc, abi.Process: &i.process, abi.OnTimer: &i.onTimer, abi.OnWatermark: &i.onWatermark,
		abi.Configure: &i.configure, abi.Snapshot: &i.snapshot, abi.Restore: &i.restore,
	} {
		*f = guest.ExportedFunction(name)
	}
	if f := guest.ExportedFunction(abi.Open); f != nil {
		if err := i.give(f, settings); err != nil {
			return nil, i.abandon(fmt.Errorf("open: %w", err))
		}
	}
	i.opened = true
	return i, nil
}

// make makes the guest itself.
func (i *Instance) make() error {
	m := i.module
	i.random = rand.NewChaCha8(m.Digest)
	i.ctx.making = m.memories.allocating()
	defer func() { i.ctx.making = nil }()
	guest, err := m.runtime.InstantiateModule(i.ctx, m.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return fmt.Errorf("make an instance: %w", i.fault(err))
	}
	i.guest, i.memory = guest, guest.ExportedMemory(abi.Memory)
	// An instance whose stage has gone to somebody else with its partition is not closed by anybody.
	i.cleanup = runtime.AddCleanup(i, func(guest api.Module) { _ = guest.Close(context.Background()) }, guest) // it has nothing to say
	return nil
}

// abandon frees an instance that is of no use.
func (i *Instance) abandon(err error) error {
	i.Discard()
	return err
}

// Discard frees the instance, without a word to the guest.
func (i *Instance) Discard() { _ = i.guest.Close(context.Background()) } // its memory is freed in any case

// Begin starts a call: what follows, up to the next Begin, is limited as a whole.
func (i *Instance) Begin(c Call) {
	i.call, i.calls, i.spent, i.seen, i.allowed, i.limit = c, 0, 0, time.Time{}, i.limits.Time, "limits.time"
	i.message, i.stderr, i.stop = i.message[:0], i.stderr[:0], nil
	clear(i.emitted)
	if i.emitted, i.chunk, i.returns = i.emitted[:0], i.chunk[:0], 0; cap(i.chunk) > chunkSize {
		i.chunk = nil
	}
	i.samples, i.answered = i.samples[:0], nil
}

// Input returns memory of the guest for the frame that the call is about, for the caller to fill.
func (i *Instance) Input(size int) ([]byte, error) {
	i.stack[0] = uint64(uint32(size))
	if err := i.invoke(i.alloc); err != nil {
		return nil, err
	}
	ptr := uint64(uint32(i.stack[0]))
	if ptr == 0 && size > 0 {
		return nil, Faultf(Limit, "the module has no room for %d bytes of input: raise limits.memory", size)
	}
	frame, ok := i.memory.Read(uint32(ptr), uint32(size))
	if !ok {
		return nil, Faultf(Trap, "the module gave %d bytes at %#x for its input, which are outside of its memory", size, ptr)
	}
	i.input.ptr, i.input.size = ptr, uint64(size)
	return frame, nil
}

// Process gives the guest the frame that Input was filled with. What it returns is memory of the guest, nil for
// nothing; it is to be read before the next call.
func (i *Instance) Process() ([]byte, error) { return i.answer(i.process) }

// Timer is Process for a frame of timers.
func (i *Instance) Timer() ([]byte, error) { return i.answer(i.onTimer) }

func (i *Instance) answer(f api.Function) ([]byte, error) {
	i.stack[0], i.stack[1] = i.input.ptr, i.input.size
	if err := i.invoke(f); err != nil {
		return nil, err
	}
	return i.returned()
}

// Watermark tells the guest that event time has gone on, in µs. It answers as Process does.
func (i *Instance) Watermark(at int64) ([]byte, error) {
	i.stack[0] = uint64(at)
	if err := i.invoke(i.onWatermark); err != nil {
		return nil, err
	}
	return i.returned()
}

// Snapshot returns what the guest keeps in its memory; it is to be read before the next call.
func (i *Instance) Snapshot() ([]byte, error) {
	if err := i.invoke(i.snapshot); err != nil {
		return nil, err
	}
	return i.returned()
}

// Restore gives the guest what one like it has returned from Snapshot.
func (i *Instance) Restore(snapshot []byte) error { return i.give(i.restore, snapshot) }

// Configurable reports whether the guest takes settings while it runs.
func (i *Instance) Configurable() bool { return i.configure != nil }

// Configure gives a Configurable guest a frame of settings whose hot parameters are others than before.
func (i *Instance) Configure(settings []byte) error { return i.give(i.configure, settings) }

// give calls a function with bytes, which answers whether it takes them.
func (i *Instance) give(f api.Function, data []byte) error {
	frame, err := i.Input(len(data))
	if err != nil {
		return err
	}
	copy(frame, data)
	i.stack[0], i.stack[1] = i.input.ptr, i.input.size
	if err := i.invoke(f); err != nil {
		return err
	}
	return i.refused(int64(int32(uint32(i.stack[0]))))
}

// Emitted returns the frames that the guest has emitted in the call, valid until the next Begin.
func (i *Instance) Emitted(k int) (frame []byte, ok bool) {
	if k >= len(i.emitted) {
		return nil, false
	}
	return i.emitted[k], true
}

// invoke calls a function with what is on the stack.
func (i *Instance) invoke(f api.Function) error {
	if err := f.CallWithStack(i.ctx, i.stack[:]); err != nil {
		return i.fault(err)
	}
	return nil
}

// returned reads a result of the type i64.
func (i *Instance) returned() ([]byte, error) {
	v := int64(i.stack[0])
	if v <= 0 {
		return nil, i.refused(v)
	}
	ptr, size := uint32(v>>32), uint32(v)
	out, ok := i.memory.Read(ptr, size)
	if !ok {
		return nil, Faultf(Frame, "the module returned %d bytes at %#x, which are outside of its memory", size, ptr)
	}
	if len(out)+i.returns > i.limits.Output {
		return nil, Faultf(Limit, "the module returns more than %d bytes in a call: raise limits.output, or return less", i.limits.Output)
	}
	return out, nil
}

// refused is the error that a result stands for, if it is negative.
func (i *Instance) refused(v int64) error {
	if v >= 0 {
		return nil
	}
	text := i.said()
	if text == "" {
		text = fmt.Sprintf("the module returned the error %d", v)
	}
	return &Fault{Code: Failed, Msg: text, Alive: true}
}

// said is what the guest has said about an error of its own: in a message, or in the first line that it wrote to its
// standard error.
func (i *Instance) said() string {
	text := i.message
	if len(text) == 0 {
		text, _, _ = bytes.Cut(bytes.TrimSpace(i.stderr), []byte{'\n'})
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD"))
}
