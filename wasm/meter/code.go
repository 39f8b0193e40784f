package meter

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/wasm/binary"
)

// The instructions that are added.
const (
	ifVoid    = "\x04\x40"
	end       = 0x0b
	call      = 0x10
	localGet  = 0x20
	globalGet = 0x23
	globalSet = 0x24
	i32Const  = 0x41
	i32Eqz    = 0x45
	i32LeS    = 0x4c
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
		if body, err = w.body(body[:0], &w.m.Codes[i], step); err != nil {
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
	b = binary.AppendU32(append(b, call), w.imported)
	return append(b, end)
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

// body appends the body of a function.
func (w *rewriter) body(dst []byte, c *binary.Code, step []byte) ([]byte, error) {
	var events []binary.Event
	isLeaf, loops, blocks := true, 0, 0
	err := c.Walk(func(e binary.Event) {
		if e.Kind == binary.Block {
			blocks++
			return
		}
		if e.Kind == binary.Loop {
			loops++
		}
		isLeaf = isLeaf && e.Kind == binary.Reference
		events = append(events, e)
	})
	if err == nil {
		err = w.config.check(c, loops, blocks)
	}
	if err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, len(c.Body)+(len(events)+1)*len(step))
	dst = append(dst, c.Body[:c.Locals]...)
	from := c.Locals
	if !isLeaf {
		dst = append(dst, step...)
	}
	for _, e := range events {
		dst = append(dst, c.Body[from:e.At]...)
		from = e.At
		switch e.Kind {
		case binary.Loop:
			dst = append(dst, step...)
		case binary.Call, binary.Reference:
			dst = binary.AppendU32(dst, w.moved(e.Ref.Index))
			from += e.Ref.Len
		case binary.CallIndirect, binary.Block:
		case binary.Bulk:
			dst = binary.AppendU32(append(dst, call), w.refill+1)
		}
	}
	return append(dst, c.Body[from:]...), nil
}

// check finds functions that are too much for a compiler.
func (config *Config) check(c *binary.Code, loops, blocks int) error {
	over := func(n, most int) bool { return most > 0 && n > most }
	what := ""
	switch spread := (loops + blocks) * c.Variables; {
	case over(loops, config.Loops):
		what = fmt.Sprintf("%d loops, at most %d are taken", loops, config.Loops)
	case over(blocks, config.Blocks):
		what = fmt.Sprintf("%d blocks, at most %d are taken", blocks, config.Blocks)
	case over(spread, config.Spread):
		what = fmt.Sprintf("%d blocks and loops and %d locals, of which the product may be %d", loops+blocks, c.Variables, config.Spread)
	default:
		return nil
	}
	return fmt.Errorf("offset %#x: a function has %s: divide it, or build it with less inlining", c.Offset, what)
}
