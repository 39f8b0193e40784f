package meter

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/wasm/binary"
)

// The instructions that are added.
const (
	void      = 0x40
	block     = 0x02
	ifVoid    = "\x04\x40"
	end       = 0x0b
	br        = 0x0c
	call      = 0x10
	localGet  = 0x20
	globalGet = 0x23
	globalSet = 0x24
	i32Const  = 0x41
	i32Eqz    = 0x45
	i32LtS    = 0x48
	i32LeS    = 0x4c
	i32Add    = 0x6a
	i32Sub    = 0x6b
	i32ShrU   = 0x76
)

// code writes the bodies of all functions, and those of the two that are added.
func (w *rewriter) code() ([]byte, error) {
	step := w.step()
	out := binary.AppendU32(nil, uint32(len(w.m.Codes)+2))
	var body []byte
	for i := range w.m.Codes {
		var err error
		if body, err = w.body(body[:0], i, step); err != nil {
			return nil, err
		}
		out = append(binary.AppendU32(out, uint32(len(body))), body...)
	}
	for _, added := range [][]byte{w.refilling(), w.charging()} {
		out = append(binary.AppendU32(out, uint32(len(added))), added...)
	}
	return out, nil
}

// step counts one step down, and has the counter filled up when it is used up.
func (w *rewriter) step() []byte {
	b := binary.AppendU32([]byte{globalGet}, w.counter)
	b = append(b, i32Const, 1, i32Sub, globalSet)
	b = binary.AppendU32(b, w.counter)
	b = binary.AppendU32(append(b, globalGet), w.counter)
	b = append(b, i32Eqz)
	b = append(b, ifVoid...)
	b = binary.AppendU32(append(b, call), w.refill)
	return append(b, end)
}

// refilling is the body of the function that is called when the counter is used up. It is
// filled before the host is asked, whose answer may be that there is nothing more to do.
func (w *rewriter) refilling() []byte {
	b := binary.AppendS32([]byte{0, i32Const}, w.config.Steps)
	b = binary.AppendU32(append(b, globalSet), w.counter)
	b = binary.AppendU32(append(b, i32Const, Steps, call), w.imported)
	return append(b, end)
}

// frame is how many values a function takes of the stack besides its locals.
const frame = 16

// enter takes a frame of so many values of the stack.
func (w *rewriter) enter(dst []byte, values int32) []byte {
	stack := w.counter + 1
	dst = binary.AppendU32(append(dst, globalGet), stack)
	dst = append(binary.AppendS32(append(dst, i32Const), values), i32Sub, globalSet)
	dst = binary.AppendU32(dst, stack)
	dst = binary.AppendU32(append(dst, globalGet), stack)
	dst = append(append(dst, i32Const, 0, i32LtS), ifVoid...)
	dst = binary.AppendU32(append(dst, i32Const, Deep, call), w.imported)
	return append(dst, end)
}

// leave gives it back.
func (w *rewriter) leave(dst []byte, values int32) []byte {
	dst = binary.AppendU32(append(dst, globalGet), w.counter+1)
	dst = append(binary.AppendS32(append(dst, i32Const), values), i32Add, globalSet)
	return binary.AppendU32(dst, w.counter+1)
}

// results appends the type of a block with the results of a function.
func (w *rewriter) results(dst []byte, t binary.FuncType) []byte {
	switch len(t.Results) {
	case 0:
		return append(dst, void)
	case 1:
		return append(dst, byte(t.Results[0]))
	}
	b := binary.FuncType{Results: t.Results}
	at := slices.IndexFunc(w.blocks, b.Equal)
	if at < 0 {
		at = len(w.blocks)
		w.blocks = append(w.blocks, b)
	}
	return binary.AppendS32(dst, int32(w.types)+blockTypes+int32(at))
}

// bulkShift says how much of a copy is one step: 64 bytes.
const bulkShift = 6

// charging is the body of the function i32 -> i32 that counts the steps of an instruction which takes as long as its
// argument says, and returns that.
func (w *rewriter) charging() []byte {
	b := binary.AppendU32([]byte{0, globalGet}, w.counter)
	b = append(b, localGet, 0, i32Const, bulkShift, i32ShrU, i32Sub, globalSet)
	b = binary.AppendU32(b, w.counter)
	b = binary.AppendU32(append(b, globalGet), w.counter)
	b = append(b, i32Const, 0, i32LeS)
	b = append(b, ifVoid...)
	b = binary.AppendU32(append(b, call), w.refill)
	return append(b, end, localGet, 0, end)
}

// body appends the body of a function. One that calls others is in a block, in which returning is leaving the block, so
// that there is one place at which it ends.
func (w *rewriter) body(dst []byte, index int, step []byte) ([]byte, error) {
	c := &w.m.Codes[index]
	found, err := w.events(c)
	if err == nil {
		err = w.config.check(c, found)
	}
	if err != nil {
		return nil, err
	}
	typ := w.m.Types[w.m.Functions[index]]
	values := int32(frame + len(typ.Params) + c.Variables)
	dst = slices.Grow(dst, len(c.Body)+(len(found.events)+1)*len(step)+64)
	dst = append(dst, c.Body[:c.Locals]...)
	if !found.leaf {
		dst = append(dst, step...)
	}
	if found.nests {
		dst = w.results(append(w.enter(dst, values), block), typ)
	}
	dst = w.instructions(dst, c, found, step)
	if found.nests {
		dst = append(w.leave(dst, values), end)
	}
	return dst, nil
}

// found is what there is in a function.
type found struct {
	events               []binary.Event
	loops, blocks, calls int
	leaf                 bool // it has neither loops nor calls
	nests                bool // it may call functions of the module
}

func (w *rewriter) events(c *binary.Code) (found, error) {
	f := found{leaf: true}
	err := c.Walk(func(e binary.Event) {
		switch e.Kind {
		case binary.Block:
			f.blocks++
			return
		case binary.Loop:
			f.loops++
		case binary.Call, binary.CallIndirect, binary.Bulk:
			f.calls++
		}
		f.leaf = f.leaf && (e.Kind == binary.Reference || e.Kind == binary.Return)
		f.nests = f.nests || e.Kind == binary.CallIndirect || e.Kind == binary.Call && e.Ref.Index >= w.imported
		f.events = append(f.events, e)
	})
	return f, err
}

func (w *rewriter) instructions(dst []byte, c *binary.Code, f found, step []byte) []byte {
	from := c.Locals
	for _, e := range f.events {
		dst = append(dst, c.Body[from:e.At]...)
		from = e.At
		switch e.Kind {
		case binary.Loop:
			dst = append(dst, step...)
		case binary.Call, binary.Reference:
			dst = binary.AppendU32(dst, w.moved(e.Ref.Index))
			from += e.Ref.Len
		case binary.Bulk:
			dst = binary.AppendU32(append(dst, call), w.refill+1)
		case binary.Return:
			if f.nests {
				dst = binary.AppendU32(append(dst, br), uint32(e.Depth))
				from++
			}
		case binary.CallIndirect, binary.Block:
		}
	}
	return append(dst, c.Body[from:]...)
}

// check finds functions that are too much for a compiler.
func (config *Config) check(c *binary.Code, f found) error {
	loops, blocks, calls := f.loops, f.blocks, f.calls
	over := func(n, most int) bool { return most > 0 && n > most }
	what := ""
	switch spread := (loops + blocks) * c.Variables; {
	case over(loops, config.Loops):
		what = fmt.Sprintf("%d loops, at most %d are taken", loops, config.Loops)
	case over(blocks, config.Blocks):
		what = fmt.Sprintf("%d blocks, at most %d are taken", blocks, config.Blocks)
	case over(spread, config.Spread):
		what = fmt.Sprintf("%d blocks and loops and %d locals, of which the product may be %d", loops+blocks, c.Variables, config.Spread)
	case over(calls, config.Calls):
		what = fmt.Sprintf("%d calls, at most %d are taken", calls, config.Calls)
	default:
		return nil
	}
	return fmt.Errorf("offset %#x: a function has %s: divide it, or build it with less inlining", c.Offset, what)
}
