package binary

// elements reads the segments of tables, and returns where they name functions.
// The flags of a segment are: 1 passive or declared, 2 with the index of a table or
// declared, 4 of expressions.
func elements(r *reader) (refs []Ref) {
	entries := 0
	for range r.count(2, maxEntries, "element segments") {
		flags := r.u32()
		if flags > 7 {
			r.failf("an element segment has the unknown form %d", flags)
			return nil
		}
		if flags&1 == 0 {
			if flags&2 != 0 && r.u32() != 0 {
				r.failf("an element segment is of another table")
			}
			refs = constant(r, refs)
		}
		expressions := flags&4 != 0
		if flags&3 != 0 {
			if kind := r.byte(); !expressions && kind != 0 || expressions && !ValueType(kind).isRef() {
				r.failf("an element segment is of the unknown kind %#x", kind)
			}
		}
		n := r.count(1, maxEntries, "entries of an element segment")
		if entries += n; entries > maxEntries {
			r.failf("its element segments have %d entries or more, at most %d are taken", entries, maxEntries)
			return nil
		}
		for range n {
			if expressions {
				refs = constant(r, refs)
			} else {
				refs = append(refs, funcRef(r))
			}
		}
	}
	return refs
}

// funcRef reads the index of a function.
func funcRef(r *reader) Ref {
	at := r.at
	i := r.u32()
	return Ref{At: at, Len: r.at - at, Index: i}
}

// constant reads a constant expression, and adds where it names functions.
func constant(r *reader, refs []Ref) []Ref {
	for {
		switch op := r.byte(); op {
		case opEnd:
			return refs
		case opI32Const:
			r.signed(32)
		case opI64Const:
			r.signed(64)
		case opF32Const:
			r.bytes(4)
		case opF64Const:
			r.bytes(8)
		case opGlobalGet:
			r.u32()
		case opRefNull:
			r.byte()
		case opRefFunc:
			refs = append(refs, funcRef(r))
		case opVector:
			if sub := r.u32(); sub != vecConst {
				r.failf("a constant expression has the instruction %#x %d", op, sub)
			}
			r.bytes(16)
		default:
			r.failf("a constant expression has the instruction %#x", op)
		}
		if r.err != nil {
			return nil
		}
	}
}
