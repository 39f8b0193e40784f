package keyed

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// slab is the memory of entries. They lie side by side, in chunks, so that a
// million of them are a few thousand objects for the garbage collector, and
// each has a number, its place.
type slab[V any] struct {
	chunks []*[chunkSize]Entry[V] // nil for one that was given back
	words  [][]uint64             // of the entries of each chunk
	each   int                    // words of an entry
	taken  []uint64               // a bit for each place
	room   []uint32               // chunks with a place that is free
	vacant []uint32               // numbers of chunks that were given back
	spare  bool                   // a chunk is empty, and kept for the next entry
	names  strings.Builder        // of which the newest keys are parts
}

const (
	// chunkSize is a multiple of the bits in a word.
	chunkSize = 128
	chunkBits = chunkSize / 64
	// nameBlock is how many bytes are allocated for keys at once. One key that
	// stays keeps them all.
	nameBlock = 512
)

func (s *slab[V]) at(place uint32) *Entry[V] { return &s.chunks[place/chunkSize][place%chunkSize] }

// wordsOf returns the words of an entry.
func (s *slab[V]) wordsOf(place uint32) []uint64 {
	from, to := int(place%chunkSize)*s.each, int(place%chunkSize+1)*s.each
	return s.words[place/chunkSize][from:to:to]
}

// take returns a place that was free, with an entry that has a copy of the key
// and nothing else.
func (s *slab[V]) take(key []byte) (*Entry[V], uint32) {
	if len(s.room) == 0 {
		s.grow()
	}
	c := s.room[len(s.room)-1]
	free := s.firstFree(c)
	if s.spare && s.isEmpty(c) {
		s.spare = false
	}
	s.taken[free/64] |= 1 << (free % 64)
	if s.isFull(c) {
		s.room = s.room[:len(s.room)-1]
	}
	e := s.at(free)
	*e = Entry[V]{Key: s.name(key), place: free}
	return e, free
}

// grow makes a chunk that is empty.
func (s *slab[V]) grow() {
	c := uint32(len(s.chunks))
	if n := len(s.vacant); n > 0 {
		c, s.vacant = s.vacant[n-1], s.vacant[:n-1]
	} else {
		s.chunks, s.words = append(s.chunks, nil), append(s.words, nil)
		s.taken = append(s.taken, make([]uint64, chunkBits)...)
	}
	s.chunks[c], s.words[c] = new([chunkSize]Entry[V]), make([]uint64, chunkSize*s.each)
	s.room = append(s.room, c)
	s.spare = true
}

// free gives a place back, and the memory of chunks that are empty but for one.
func (s *slab[V]) free(place uint32) {
	c := place / chunkSize
	if s.isFull(c) {
		s.room = append(s.room, c)
	}
	s.taken[place/64] &^= 1 << (place % 64)
	*s.at(place) = Entry[V]{state: dead}
	clear(s.wordsOf(place))
	switch {
	case !s.isEmpty(c):
	case !s.spare:
		s.spare = true
	default:
		s.chunks[c], s.words[c] = nil, nil
		s.vacant = append(s.vacant, c)
		n := slices.Index(s.room, c)
		s.room[n] = s.room[len(s.room)-1]
		s.room = s.room[:len(s.room)-1]
	}
}

func (s *slab[V]) bitsOf(c uint32) []uint64 { return s.taken[c*chunkBits : (c+1)*chunkBits] }

func (s *slab[V]) isEmpty(c uint32) bool {
	return !slices.ContainsFunc(s.bitsOf(c), func(w uint64) bool { return w != 0 })
}

func (s *slab[V]) isFull(c uint32) bool {
	return !slices.ContainsFunc(s.bitsOf(c), func(w uint64) bool { return w != ^uint64(0) })
}

// firstFree returns the first place of a chunk that is free.
func (s *slab[V]) firstFree(c uint32) uint32 {
	n := slices.IndexFunc(s.bitsOf(c), func(w uint64) bool { return w != ^uint64(0) })
	n += int(c * chunkBits)
	return uint32(64*n + bits.TrailingZeros64(^s.taken[n]))
}

// name returns a copy of a key.
func (s *slab[V]) name(key []byte) string {
	if len(key) > nameBlock/8 {
		return string(key)
	}
	if s.names.Cap()-s.names.Len() < len(key) {
		s.names.Reset()
		s.names.Grow(nameBlock)
	}
	s.names.Write(key)
	return s.names.String()[s.names.Len()-len(key):]
}

// ones yields the places whose bits are set, in order. It looks at each 64 of
// them once.
func ones(set []uint64) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for n, w := range set {
			for ; w != 0; w &= w - 1 {
				if !yield(uint32(64*n + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
