package nats

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server/avl"
)

// index is what the server wrote down, now and then and when it stopped, of a stream: which
// records it had, and of which subjects. Nothing but this tells that the length of a subject is
// wrong, as no checksum covers it.
type index struct {
	subjects map[string]struct{}
	blocks   map[uint32]indexed
}

// indexed are the records of a block.
type indexed struct {
	first, last uint64
	removed     *avl.SequenceSet // nil for none
}

const (
	indexMagic   = 11
	indexLeast   = 1 // versions
	indexNewest  = 4
	indexTrailer = highwayhash.Size64
)

// has reports whether a record may have its subject: it may where the index does not know
// the record, or the record had been removed.
func (x *index) has(block uint32, number uint64, subject []byte) bool {
	if x == nil {
		return true
	}
	b, ok := x.blocks[block]
	if !ok || number < b.first || number > b.last || b.removed != nil && b.removed.Exists(number) {
		return true
	}
	_, ok = x.subjects[string(subject)]
	return ok
}

// readIndex returns the index of a stream; nil where it has none that is whole, so that the server
// makes it anew.
func readIndex(folder, stream string) *index {
	b, err := os.ReadFile(filepath.Join(folder, "msgs", "index.db"))
	if err != nil || len(b) < 2+indexTrailer {
		return nil
	}
	key := sha256.Sum256([]byte(stream))
	end := len(b) - indexTrailer
	if sum := highwayhash.Sum64(b[:end], key[:]); !bytes.Equal(binary.LittleEndian.AppendUint64(nil, sum), b[end:]) {
		return nil
	}
	if b[0] != indexMagic || b[1] < indexLeast || b[1] > indexNewest {
		return nil
	}
	r := &indexReader{b: b[2:end], version: b[1]}
	x := r.index()
	if r.bad || len(x.subjects) == 0 { // of some streams no subjects are kept
		return nil
	}
	return x
}

// indexReader decodes an index. See recoverFullState in server/filestore.go of nats-server.
type indexReader struct {
	b       []byte
	version byte
	bad     bool
}

// number reads a number; signed ones are skipped in the same way.
func (r *indexReader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *indexReader) skip(numbers int) {
	for range numbers {
		r.number()
	}
}

func (r *indexReader) index() *index {
	x := &index{subjects: map[string]struct{}{}, blocks: map[uint32]indexed{}}
	r.skip(6) // records, bytes, the first with its time, the last with its
	for n := r.number(); n > 0 && !r.bad; n-- {
		r.subject(x)
	}
	for n := r.number(); n > 0 && !r.bad; n-- {
		r.block(x)
	}
	return x
}

func (r *indexReader) subject(x *index) {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad = true
	}
	if n == 0 || r.bad {
		return
	}
	x.subjects[string(r.b[:n])] = struct{}{}
	r.b = r.b[n:]
	total := r.number()
	r.skip(1) // its first block
	if total > 1 || r.version >= 4 {
		r.skip(1) // its last one
	}
}

func (r *indexReader) block(x *index) {
	number := r.number()
	r.skip(1) // bytes
	b := indexed{first: r.number()}
	r.skip(1) // time
	b.last = r.number()
	r.skip(1) // time
	removed := r.number()
	if r.version >= 2 {
		r.skip(1) // records that end by themselves
	}
	if r.version >= 3 {
		r.skip(1) // records that are due later
	}
	if removed > 0 && !r.bad {
		set, n, err := avl.Decode(r.b)
		if err != nil {
			r.bad = true
			return
		}
		b.removed, r.b = set, r.b[n:]
	}
	x.blocks[uint32(number)] = b
}
