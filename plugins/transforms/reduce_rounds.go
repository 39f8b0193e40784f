package transforms

// rounds divide rows so that no two rows of a key are in the same one: the
// first of each key, then the second of those that have one, and so on.
type rounds struct {
	batch uint64   // its number
	in    []uint32 // rows, as they came
	turns []uint32 // of each of these, the round
	ends  []int    // where each round ends in rows
	rows  []uint32
}

// turn is what a key remembers of the batch that is worked on.
type turn struct {
	batch uint64
	next  uint32
}

// begin forgets all rows.
func (r *rounds) begin() {
	r.batch++
	r.in, r.turns, r.ends = r.in[:0], r.turns[:0], r.ends[:0]
}

// add takes the next row, of the key that t belongs to.
func (r *rounds) add(i uint32, t *turn) {
	if t.batch != r.batch {
		*t = turn{batch: r.batch}
	}
	if int(t.next) == len(r.ends) {
		r.ends = append(r.ends, 0)
	}
	r.ends[t.next]++
	r.in, r.turns = append(r.in, i), append(r.turns, t.next)
	t.next++
}

// divide is called when all rows were added.
func (r *rounds) divide() {
	r.rows = grown(r.rows, len(r.in))
	begin := 0
	for k, size := range r.ends {
		r.ends[k] = begin
		begin += size
	}
	for k, i := range r.in {
		end := &r.ends[r.turns[k]]
		r.rows[*end] = i
		*end++
	}
}

// count returns how many rounds there are.
func (r *rounds) count() int { return len(r.ends) }

// of returns the rows of a round, in their order, for the caller to change.
func (r *rounds) of(k int) []uint32 {
	begin := 0
	if k > 0 {
		begin = r.ends[k-1]
	}
	return r.rows[begin:r.ends[k]:r.ends[k]]
}

// grown returns a slice of n elements, with the memory of s if that is enough.
// What is in them is undefined.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
