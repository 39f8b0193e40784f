package binary

import "slices"

// Values says how many values a function has besides its parameters and locals. Compilers keep
// in registers what they can, and give a place on the stack to what they cannot.
type Values struct {
	// Height is how many operands there are at a time, at most.
	Height int
	// Kept is how many values may want a place of their own: those that are set to locals, that are of one or another origin
	// behind a block, that are operands while a function is called, and operands above several others.
	Kept int
	// Vectors says that there are some of 16 bytes, instead of 8.
	Vectors bool
}

// maxOperands is how many operands a function has at a time: those of compilers have some dozens.
const maxOperands = 10_000

// inRegisters is how many operands a compiler has registers for, also beside some locals.
const inRegisters = 8

// Values counts the values of a function of the module's own. Of code that is not valid the counts are any. Operands
// beyond a bound are an error.
func (m *Module) Values(index int) (Values, error) {
	c := &m.Codes[index]
	typ := m.Types[m.Functions[index]]
	n := counter{m: m, r: reader{data: c.Body, at: c.Locals, base: c.Offset}, locals: len(typ.Params) + c.Variables}
	n.Vectors = slices.Contains(typ.Params, V128) || slices.Contains(typ.Results, V128)
	n.enter(typ)
	for len(n.blocks) > 0 && n.r.err == nil {
		n.instruction(n.r.byte())
	}
	return n.Values, n.r.err
}

// counter is a function whose values are counted.
type counter struct {
	Values
	m      *Module
	r      reader
	locals int
	blocks []openBlock
	// operands has for each the number of calls before it.
	operands []int32
	calls    int32
	sets     int // of locals
}

// openBlock is a block whose end is still to come.
type openBlock struct {
	typ  FuncType
	base int // operands that are not its own
	sets int // of locals before it
}

func (n *counter) instruction(op byte) {
	switch op {
	case opBlock, opLoop, opIf:
		if op == opIf {
			n.take(1)
		}
		if op == opLoop {
			n.calls++ // of the host, in a turn
		}
		t := n.blockType()
		n.take(len(t.Params))
		n.enter(t)
		n.give(len(t.Params))
	case opElse:
		b := n.leave()
		n.blocks = append(n.blocks, b)
		n.give(len(b.typ.Params))
	case opEnd:
		b := n.leave()
		if len(n.blocks) > 0 {
			n.give(len(b.typ.Results))
		}
	case opBr, opBrTable, opReturn, opUnreachable:
		n.effect(op, 0)
		n.operands = n.operands[:n.blocks[len(n.blocks)-1].base] // what follows is not reached
	case opCall:
		t, _ := n.m.FunctionType(n.r.u32())
		n.call(t)
	case opCallIndirect:
		t := n.typeOf(int64(n.r.u32()))
		n.r.u32()
		n.take(1)
		n.call(t)
	case opRefFunc:
		n.r.u32()
		n.give(1)
	case opLocalSet, opLocalTee:
		n.sets++
		n.Kept++
		n.effect(op, 0)
	case opMore, opVector:
		n.Vectors = n.Vectors || op == opVector
		if op == opMore {
			n.calls++ // of the host, which counts its steps
		}
		sub, _ := U32(n.r.data[n.r.at:])
		n.effect(op, sub)
	default:
		n.effect(op, 0)
	}
}

// effect is that of an instruction which is known by its number.
func (n *counter) effect(op byte, sub uint32) {
	switch op {
	case opMore:
		more(&n.r)
	case opReturn:
	default:
		immediates(&n.r, op)
	}
	takes, gives := effect(op, sub)
	n.take(takes)
	n.give(gives)
}

func (n *counter) call(t FuncType) {
	n.take(len(t.Params))
	n.calls++
	n.give(len(t.Results))
}

func (n *counter) take(count int) {
	base := n.blocks[len(n.blocks)-1].base
	for range min(count, len(n.operands)-base) {
		last := len(n.operands) - 1
		if n.operands[last] < n.calls {
			n.Kept++
		}
		n.operands = n.operands[:last]
	}
}

func (n *counter) give(count int) {
	if len(n.operands)+count > maxOperands {
		n.r.failf("a function has more than %d operands at a time", maxOperands)
		return
	}
	for range count {
		if len(n.operands) >= inRegisters {
			n.Kept++
		}
		n.operands = append(n.operands, n.calls)
	}
	n.Height = max(n.Height, len(n.operands))
}

func (n *counter) enter(t FuncType) {
	n.blocks = append(n.blocks, openBlock{t, len(n.operands), n.sets})
}

// leave ends a block, behind which each local that was set in it is of one or another origin.
func (n *counter) leave() openBlock {
	last := len(n.blocks) - 1
	b := n.blocks[last]
	n.blocks, n.operands = n.blocks[:last], n.operands[:b.base]
	n.Kept += min(n.sets-b.sets, n.locals)
	return b
}

// blockType reads the type of a block.
func (n *counter) blockType() FuncType {
	at := n.r.at
	blockType(&n.r)
	if n.r.err != nil {
		return FuncType{}
	}
	switch t := ValueType(n.r.data[at]); {
	case t == noResult:
		return FuncType{}
	case t.known():
		return FuncType{Results: []ValueType{t}}
	}
	index := reader{data: n.r.data, at: at}
	return n.typeOf(index.signed(33))
}

func (n *counter) typeOf(index int64) FuncType {
	if index < 0 || index >= int64(len(n.m.Types)) {
		return FuncType{}
	}
	return n.m.Types[index]
}
