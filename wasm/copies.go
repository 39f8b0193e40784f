package wasm

import (
	"crypto/sha256"
	"slices"
)

// maxCopies is how many bytes of modules are kept in memory.
const maxCopies = 64 << 20

// copies are modules as they were read, by digest, so that a pipeline starts, and starts again, with those that it was built
// with, whatever becomes of their files. Those that were used last are there, as far as there is room.
type copies struct {
	all  []moduleCopy // the one that was used last is the last
	size int
}

type moduleCopy struct {
	digest [sha256.Size]byte
	data   []byte
}

// keep keeps a module.
func (c *copies) keep(digest [sha256.Size]byte, data []byte) {
	if c.of(digest) != nil {
		return
	}
	c.all = append(c.all, moduleCopy{digest, data})
	for c.size += len(data); c.size > maxCopies; c.all = slices.Delete(c.all, 0, 1) {
		c.size -= len(c.all[0].data)
	}
}

// of returns the module of a digest, nil where it is not there, and notes that it is used.
func (c *copies) of(digest [sha256.Size]byte) []byte {
	at := slices.IndexFunc(c.all, func(m moduleCopy) bool { return m.digest == digest })
	if at < 0 {
		return nil
	}
	m := c.all[at]
	c.all = append(slices.Delete(c.all, at, at+1), m)
	return m.data
}
