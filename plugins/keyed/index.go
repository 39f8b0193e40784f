package keyed

// index finds places by the hashes of keys. It is a hash table with open
// addressing and linear probing, of 8 bytes a slot, so that it stays in the
// processor's cache longer than a map of pointers. A slot's home is given by
// the upper bits of the hash, so to grow reads no keys and goes through memory
// from its beginning to its end.
type index struct {
	slots []uint64 // a hash above the place + 1; 0 is empty
	shift uint     // of a hash, so that its home is left
	count int
}

// leastBits is how many bits of a hash the smallest index tells apart.
const leastBits = 3

func newIndex() index { return index{slots: make([]uint64, 1<<leastBits), shift: 32 - leastBits} }

func slotOf(hash, place uint32) uint64 { return uint64(hash)<<32 | uint64(place) + 1 }

// split returns the hash and the place of a slot that is not empty.
func split(slot uint64) (hash, place uint32) { return uint32(slot >> 32), uint32(slot) - 1 }

// home returns where to look for a hash first; the next slots come after it,
// up to one that is empty.
func (x *index) home(hash uint32) int { return int(hash >> x.shift) }

func (x *index) after(i int) int { return (i + 1) & (len(x.slots) - 1) }

// add adds a place that is not in the index.
func (x *index) add(hash, place uint32) {
	if x.count++; 4*x.count > 3*len(x.slots) {
		x.resize(2 * len(x.slots))
	}
	x.put(slotOf(hash, place))
}

func (x *index) put(slot uint64) {
	hash, _ := split(slot)
	i := x.home(hash)
	for x.slots[i] != 0 {
		i = x.after(i)
	}
	x.slots[i] = slot
}

// remove removes a place that is in the index, and moves up what would not be
// found any more behind the gap.
func (x *index) remove(hash, place uint32) {
	gap := x.home(hash)
	for x.slots[gap] != slotOf(hash, place) {
		gap = x.after(gap)
	}
	mask := len(x.slots) - 1
	for i := x.after(gap); x.slots[i] != 0; i = x.after(i) {
		hash, _ := split(x.slots[i])
		if (i-x.home(hash))&mask >= (i-gap)&mask {
			x.slots[gap], gap = x.slots[i], i
		}
	}
	x.slots[gap] = 0
	if x.count--; 8*x.count < len(x.slots) && len(x.slots) > 1<<leastBits {
		x.resize(len(x.slots) / 2)
	}
}

func (x *index) resize(n int) {
	old := x.slots
	if n > len(old) {
		x.shift--
	} else {
		x.shift++
	}
	x.slots = make([]uint64, n)
	for _, slot := range old {
		if slot != 0 {
			x.put(slot)
		}
	}
}
