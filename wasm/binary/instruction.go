package binary

// The instructions that are told apart.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opLoad         = 0x28 // the first of those with an address
	opFirstStore   = 0x36
	opStore        = 0x3e // the last
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opNumeric      = 0x45 // the first of those without anything
	opExtend       = 0xc4 // the last
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opMore         = 0xfc
	opVector       = 0xfd

	vecConst   = 12
	vecShuffle = 13

	noResult = 0x40 // the type of a block
)

// An Event is something in the code of a function that matters to who changes
// it.
type Event struct {
	Kind EventKind
	// At is where it is in the body: of a loop or block, where its first instruction begins; of the
	// name of a function, where the index is; of Bulk and Return, where the instruction begins.
	At    int
	Ref   Ref // of Call and Reference
	Depth int // of Return, the number of blocks around it
	Count int // instructions before it; of Branch, to how many places it may go
}

// EventKind says what an Event is.
type EventKind byte

// The kinds of events.
const (
	Loop         EventKind = iota
	Call                   // of a function that is named
	CallIndirect           // of one that is computed
	Reference              // to a function, as a value
	Block                  // that is not a loop
	Branch                 // to blocks around it, or one of several
	Bulk                   // that takes as long as the number says that is on top of the stack
	Return                 // from the function, not at its end
	EndLoop                // the end of a loop
	End                    // of the function
)

// Walk calls see for each event in a function, in order. Instructions that are not
// known are an error, which names their place.
func (c *Code) Walk(see func(Event)) error {
	r := &reader{data: c.Body, at: c.Locals, base: c.Offset}
	depth, count := 1, 0
	var loops []int // depths of those that are open
	for ; depth > 0 && r.err == nil; count++ {
		op := r.byte()
		switch {
		case r.err != nil:
		case op == opBlock || op == opLoop || op == opIf:
			blockType(r)
			if depth++; depth > maxNesting {
				r.failf("blocks are nested deeper than %d", maxNesting)
			}
			switch {
			case r.err != nil:
			case op == opLoop:
				loops = append(loops, depth)
				see(Event{Kind: Loop, At: r.at, Count: count})
			default:
				see(Event{Kind: Block, At: r.at})
			}
		case op == opEnd:
			if n := len(loops); n > 0 && loops[n-1] == depth {
				loops = loops[:n-1]
				see(Event{Kind: EndLoop, At: r.at, Count: count})
			}
			if depth--; depth == 0 {
				see(Event{Kind: End, At: r.at - 1, Count: count})
			}
		case op == opCall || op == opRefFunc:
			ref := funcRef(r)
			kind := Call
			if op == opRefFunc {
				kind = Reference
			}
			see(Event{Kind: kind, At: ref.At, Ref: ref})
		case op == opReturn:
			see(Event{Kind: Return, At: r.at - 1, Depth: depth - 1})
		case op == opBr || op == opBrIf:
			r.u32()
			see(Event{Kind: Branch, At: r.at, Count: 1})
		case op == opBrTable:
			labels := r.count(1, maxLabels, "labels") + 1
			for range labels {
				r.u32()
			}
			see(Event{Kind: Branch, At: r.at, Count: labels})
		case op == opCallIndirect:
			see(Event{Kind: CallIndirect, At: r.at})
			r.u32()
			r.u32()
		case op == opMore:
			at := r.at - 1
			if more(r) && r.err == nil {
				see(Event{Kind: Bulk, At: at})
			}
		default:
			immediates(r, op)
		}
	}
	if r.err == nil && r.left() > 0 {
		r.failf("there are instructions behind the end of a function")
	}
	return r.err
}

// immediates reads what belongs to an instruction.
func immediates(r *reader, op byte) {
	switch {
	case op <= 0x01 || op == opElse || op == opDrop || op == opSelect || op >= opNumeric && op <= opExtend || op == opRefIsNull:
	case op == opBr || op == opBrIf || op >= opLocalGet && op <= opTableSet:
		r.u32()
	case op == opBrTable:
		for range r.count(1, maxLabels, "labels") + 1 {
			r.u32()
		}
	case op == opSelectTyped:
		for range r.count(1, maxParams, "types of a selection") {
			valueType(r)
		}
	case op >= opLoad && op <= opStore:
		address(r)
	case op == opMemorySize || op == opMemoryGrow:
		zero(r)
	case op == opI32Const:
		r.signed(32)
	case op == opI64Const:
		r.signed(64)
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == opRefNull:
		if t := ValueType(r.byte()); !t.isRef() {
			r.failf("a reference is of the type %#x", byte(t))
		}
	case op == opVector:
		vector(r)
	default:
		r.failf("there is the instruction %#x, which is not known: build the module for WebAssembly 2.0, without threads, exceptions, tail calls and garbage collection", op)
	}
}

// blockType reads the type of a block: none, a value, or the index of a type.
func blockType(r *reader) {
	if r.left() == 0 {
		r.fail(ErrShort)
		return
	}
	if b := r.data[r.at]; b == noResult || ValueType(b).known() {
		r.at++
		return
	}
	if i := r.signed(33); i < 0 {
		r.failf("a block is of an unknown type")
	}
}

func address(r *reader) {
	if align := r.u32(); align > 4 {
		r.failf("an address is aligned to 2^%d, or of another memory", align)
	}
	r.u32()
}

func zero(r *reader) {
	if r.byte() != 0 {
		r.failf("an instruction is about another memory")
	}
}

// more reads the rest of the instructions whose second byte tells which they are. It reports whether they take as
// long as is on the stack.
func more(r *reader) (bulk bool) {
	sub := r.u32()
	switch sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating conversions
	case 8: // memory.init
		r.u32()
		zero(r)
	case 9, 13, 15, 16, 17: // data.drop, elem.drop, table.grow, size, fill
		r.u32()
	case 10: // memory.copy
		zero(r)
		zero(r)
	case 11: // memory.fill
		zero(r)
	case 12, 14: // table.init, table.copy
		r.u32()
		r.u32()
	default:
		r.failf("there is the instruction 0xfc %d, which is not known", sub)
	}
	switch sub {
	case 8, 10, 11, 12, 14, 17: // init, copy and fill, of memory and of tables
		return true
	}
	return false
}

// vector reads the rest of an instruction on vectors.
func vector(r *reader) {
	switch sub := r.u32(); {
	case sub <= 11 || sub == 92 || sub == 93: // loads and a store
		address(r)
	case sub == vecConst || sub == vecShuffle:
		r.bytes(16)
	case sub >= 21 && sub <= 34: // lanes
		r.byte()
	case sub >= 84 && sub <= 91: // loads and stores of a lane
		address(r)
		r.byte()
	case sub > 255:
		r.failf("there is the vector instruction %d, which is not known: build the module without relaxed SIMD", sub)
	}
}
