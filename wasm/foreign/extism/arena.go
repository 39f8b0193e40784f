package extism

import (
	"encoding/binary"
	"slices"

	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// arena is the memory of the host that a plug-in uses, by offset. There is nothing at 0, which stands for no block.
type arena struct {
	bytes  []byte // the first of them are not used
	blocks []block
	limit  int
}

// block is a part of the arena, as long as was asked for.
type block struct {
	at, size uint64
	free     bool
}

const (
	first     = 16 // offset of the first block
	alignment = 8
	blockSize = 24 // that a block takes beside its bytes
)

func (a *arena) reset() {
	a.bytes, a.blocks = append(a.bytes[:0], make([]byte, first)...), a.blocks[:0]
}

// trim forgets all blocks, and gives their room back where it has become long.
func (a *arena) trim() { a.bytes, a.blocks = foreign.Reuse(a.bytes), foreign.Reuse(a.blocks) }

// alloc returns the offset of so many bytes, which are zero; that of no bytes is 0.
func (a *arena) alloc(size uint64) uint64 {
	if size == 0 {
		return 0
	}
	at := uint64(len(a.bytes))
	if size > uint64(a.limit) || at+size+alignment+uint64(len(a.blocks))*blockSize > uint64(a.limit) {
		panic(host.Faultf(host.Limit, "the plug-in asks for more than %d bytes of Extism's memory in a call: raise limits.memory, or use less", a.limit))
	}
	end := (at + size + alignment - 1) &^ (alignment - 1)
	a.bytes = slices.Grow(a.bytes, int(end-at))[:end]
	clear(a.bytes[at:])
	a.blocks = append(a.blocks, block{at: at, size: size})
	return at
}

// put makes a block with a text.
func (a *arena) put(text []byte) uint64 {
	at := a.alloc(uint64(len(text)))
	copy(a.bytes[at:], text)
	return at
}

// find returns the block at an offset, nil where there is none.
func (a *arena) find(at uint64) *block {
	i, ok := slices.BinarySearchFunc(a.blocks, at, func(b block, at uint64) int {
		switch {
		case b.at < at:
			return -1
		case b.at > at:
			return 1
		}
		return 0
	})
	if !ok || a.blocks[i].free {
		return nil
	}
	return &a.blocks[i]
}

// free gives a block back. Its place is used again when nothing behind it is in use.
func (a *arena) free(at uint64) {
	b := a.find(at)
	if b == nil {
		return
	}
	b.free = true
	for n := len(a.blocks); n > 0 && a.blocks[n-1].free; n-- {
		a.bytes = a.bytes[:a.blocks[n-1].at]
		a.blocks = a.blocks[:n-1]
	}
}

// length returns how long the block at an offset is, 0 where there is none.
func (a *arena) length(at uint64) uint64 {
	if b := a.find(at); b != nil {
		return b.size
	}
	return 0
}

// text returns the bytes of a block.
func (a *arena) text(at uint64) []byte { return a.slice(at, a.length(at)) }

// slice returns bytes that are in use.
func (a *arena) slice(at, size uint64) []byte {
	if end := uint64(len(a.bytes)); at > end || size > end-at {
		panic(host.Faultf(host.Trap, "the plug-in named %d bytes at %#x, which are outside of Extism's memory", size, at))
	}
	return a.bytes[at : at+size]
}

func (a *arena) load(at uint64) uint64     { return binary.LittleEndian.Uint64(a.slice(at, 8)) }
func (a *arena) store(at uint64, v uint64) { binary.LittleEndian.PutUint64(a.slice(at, 8), v) }
