package meter

import (
	"slices"

	"github.com/onstream/onstream/wasm/binary"
)

// The instructions that are added.
const (
	void       = 0x40
	block      = 0x02
	ifVoid     = "\x04\x40"
	end        = 0x0b
	br         = 0x0c
	call       = 0x10
	localGet   = 0x20
	globalGet  = 0x23
	globalSet  = 0x24
	i32Const   = 0x41
	i64Const   = 0x42
	i32Eqz     = 0x45
	i64Eqz     = 0x50
	i64LtS     = 0x53
	i32ShrU    = 0x76
	i64Add     = 0x7c
	i64Sub     = 0x7d
	i64And     = 0x83
	i32Wrap    = 0xa7
	i64ExtendS = 0xac
	i64ExtendU = 0xad
)

// code writes the bodies of all functions, and those of the two that are added.
func (w *rewriter) code() ([]byte, error) {
	out := binary.AppendU32(nil, uint32(len(w.m.Codes)+2))
	var body []byte
	for i := range w.m.Codes {
		var err error
		if body, err = w.body(body[:0], i); err != nil {
			return nil, err
		}
		out = append(binary.AppendU32(out, uint32(len(body))), body...)
	}
	for _, added := range [][]byte{w.refilling(), w.charging()} {
		out = append(binary.AppendU32(out, uint32(len(added))), added...)
	}
	return out, nil
}

// What is left is in one global of the type i64, so that both are counted and looked at in one go: the stack in its upper half, the
// steps in the lower one. Either is used up when it is negative.
const (
	stackShift = 32
	usedUp     = -1<<63 | 1<<31
)

// take appends what takes steps and stack, and has the global filled up when one of them is used up.
func (w *rewriter) take(dst []byte, steps int, stack int64) []byte {
	dst = binary.AppendU32(append(dst, globalGet), w.left)
	dst = append(binary.AppendS64(append(dst, i64Const), stack<<stackShift+int64(steps)), i64Sub, globalSet)
	dst = binary.AppendU32(dst, w.left)
	return w.look(dst)
}

// look appends what calls the function that fills up when something is used up.
func (w *rewriter) look(dst []byte) []byte {
	dst = binary.AppendU32(append(dst, globalGet), w.left)
	dst = append(binary.AppendS64(append(dst, i64Const), usedUp), i64And, i64Eqz, i32Eqz)
	dst = binary.AppendU32(append(append(dst, ifVoid...), call), w.refill)
	return append(dst, end)
}

// give appends what gives stack back.
func (w *rewriter) give(dst []byte, stack int64) []byte {
	dst = binary.AppendU32(append(dst, globalGet), w.left)
	dst = append(binary.AppendS64(append(dst, i64Const), stack<<stackShift), i64Add, globalSet)
	return binary.AppendU32(dst, w.left)
}

// refilling is the body of the function that is called when something is used up. The steps are
// filled up before the host is asked, whose answer may be that there is nothing more to do.
func (w *rewriter) refilling() []byte {
	b := binary.AppendU32([]byte{0, globalGet}, w.left)
	b = binary.AppendU32(append(b, globalGet), w.left)
	b = append(b, i32Wrap, i64ExtendS, i64Sub) // without the steps, also those that it has not had
	b = append(binary.AppendS64(append(b, i64Const), int64(w.config.Steps)), i64Add, globalSet)
	b = binary.AppendU32(b, w.left)
	b = binary.AppendU32(append(b, globalGet), w.left)
	b = append(append(b, i64Const, 0, i64LtS), ifVoid...)
	b = binary.AppendU32(append(b, i32Const, Deep, call), w.imported)
	b = binary.AppendU32(append(b, end, i32Const, Steps, call), w.imported)
	return append(b, end)
}

// bulkShift says how much of a copy is one step: 64 bytes.
const bulkShift = 6

// charging is the body of the function i32 -> i32 that counts the steps of an instruction which takes as long as its
// argument says, and returns that.
func (w *rewriter) charging() []byte {
	b := binary.AppendU32([]byte{0, globalGet}, w.left)
	b = append(b, localGet, 0, i32Const, bulkShift, i32ShrU, i64ExtendU, i64Sub, globalSet)
	b = w.look(binary.AppendU32(b, w.left))
	return append(b, localGet, 0, end)
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

// body appends the body of a function. One that calls others is in a block, in which returning is leaving the block, so
// that there is one place at which it ends.
func (w *rewriter) body(dst []byte, index int) ([]byte, error) {
	c := &w.m.Codes[index]
	typ := w.m.Types[w.m.Functions[index]]
	found, err := w.events(c)
	if err == nil {
		err = w.config.check(c, len(typ.Params), found)
	}
	if err != nil {
		return nil, err
	}
	stack := int64(0)
	if found.nests {
		if stack, err = w.frame(index); err != nil {
			return nil, err
		}
	}
	dst = slices.Grow(dst, len(c.Body)+(len(found.events)+1)*24+64)
	dst = append(dst, c.Body[:c.Locals]...)
	if found.steps > 0 {
		dst = w.take(dst, found.steps, stack)
	}
	if found.nests {
		dst = w.results(append(dst, block), typ)
	}
	dst = w.instructions(dst, c, found)
	if found.nests {
		dst = append(w.give(dst, stack), end)
	}
	return dst, nil
}

// found is what there is in a function.
type found struct {
	events                               []binary.Event
	loops, blocks, branches, calls, bulk int
	nesting                              int // of loops
	instructions                         int
	steps                                int  // that it takes without its loops; 0 for one so short that its caller's count
	nests                                bool // it may call functions of the module
}

// perStep is how many instructions are one more step. Of those of a function few are executed in a call, most of all in
// those by Go's compiler, so that to count each would be to look at the clock all the time.
const perStep = 64

// cost is how many steps code with so many instructions counts for.
func cost(instructions int) int { return 1 + instructions/perStep }

// events looks at a function. What a loop takes in a turn, without the loops in it, is put in place of the Count of its
// event, which is at least 1.
func (w *rewriter) events(c *binary.Code) (found, error) {
	var f found
	leaf, inner := true, 0 // instructions of loops that are inside of what is open
	type open struct{ event, inner int }
	var loops []open
	err := c.Walk(func(e binary.Event) {
		switch e.Kind {
		case binary.Block:
			f.blocks++
			return
		case binary.Branch:
			f.branches += e.Count
			return
		case binary.EndLoop:
			l := loops[len(loops)-1]
			loops = loops[:len(loops)-1]
			loop := &f.events[l.event]
			all := e.Count - loop.Count
			loop.Count = cost(all - inner)
			inner = l.inner + all
			return
		case binary.End:
			f.instructions = e.Count
			if f.steps = cost(e.Count - inner); leaf && f.steps == 1 {
				f.steps = 0
			}
			return
		case binary.Loop:
			f.loops++
			loops = append(loops, open{len(f.events), inner})
			f.nesting = max(f.nesting, len(loops))
			inner = 0
		case binary.Bulk:
			f.bulk++
			f.calls++
		case binary.Call, binary.CallIndirect:
			f.calls++
		}
		leaf = leaf && (e.Kind == binary.Reference || e.Kind == binary.Return)
		f.nests = f.nests || e.Kind == binary.CallIndirect || e.Kind == binary.Call && e.Ref.Index >= w.imported
		f.events = append(f.events, e)
	})
	return f, err
}

func (w *rewriter) instructions(dst []byte, c *binary.Code, f found) []byte {
	from := c.Locals
	for _, e := range f.events {
		dst = append(dst, c.Body[from:e.At]...)
		from = e.At
		switch e.Kind {
		case binary.Loop:
			dst = w.take(dst, e.Count, 0)
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
		case binary.CallIndirect, binary.Block, binary.Branch, binary.EndLoop, binary.End:
		}
	}
	return append(dst, c.Body[from:]...)
}
