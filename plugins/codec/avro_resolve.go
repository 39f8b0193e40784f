package codec

import "slices"

// resolveAvro returns the type of who wrote as who reads sees it: with the
// fields that he has, by the names that he gives them, and with his defaults
// where the other had no such field (Avro 1.12, Schema Resolution).
func resolveAvro(writer, reader *avroType) *avroType {
	return (&avroResolver{done: map[[2]*avroType]*avroType{}}).resolve(writer, reader)
}

type avroResolver struct{ done map[[2]*avroType]*avroType }

func (r *avroResolver) resolve(w, rd *avroType) *avroType {
	if rd.kind == avroUnion && w.kind != avroUnion {
		rd = rd.branchFor(w)
	}
	pair := [2]*avroType{w, rd}
	if t := r.done[pair]; t != nil {
		return t
	}
	t := *w
	r.done[pair] = &t
	switch {
	case w.kind == avroUnion:
		t.branches = make([]*avroType, len(w.branches))
		for i, b := range w.branches {
			t.branches[i] = r.resolve(b, rd)
		}
	case w.kind != rd.kind:
	case w.kind == avroRecord:
		r.record(&t, w, rd)
	case w.kind == avroArray || w.kind == avroMap:
		t.elem = r.resolve(w.elem, rd.elem)
	case w.kind == avroEnum:
		t.symbols = rd.symbolsFor(w)
	case w.logical == avroPlain:
		t.logical, t.scale, t.digits = rd.logical, rd.scale, rd.digits
	}
	return &t
}

func (r *avroResolver) record(t, w, rd *avroType) {
	t.fields = slices.Clone(w.fields)
	found := make([]bool, len(rd.fields))
	for i := range t.fields {
		f := &t.fields[i]
		k := rd.fieldFor(f.name)
		if f.hidden = k < 0 || found[k]; f.hidden {
			continue
		}
		found[k] = true
		f.name, f.key, f.t = rd.fields[k].name, rd.fields[k].key, r.resolve(f.t, rd.fields[k].t)
	}
	for k, f := range rd.fields {
		if !found[k] && f.fallback != nil {
			t.extras = append(t.extras, avroExtra{f.name, f.key, f.t, f.fallback})
		}
	}
}

// fieldFor returns the index of the field that a field of who wrote is, -1 for
// none.
func (t *avroType) fieldFor(name string) int {
	i := slices.IndexFunc(t.fields, func(f avroField) bool { return f.name == name })
	if i < 0 {
		i = slices.IndexFunc(t.fields, func(f avroField) bool { return slices.Contains(f.aliases, name) })
	}
	return i
}

// symbolsFor returns the symbols of who wrote, with the default in place of those that who
// reads does not have; without a default they stay.
func (t *avroType) symbolsFor(w *avroType) []string {
	if t.other == "" {
		return w.symbols
	}
	symbols := slices.Clone(w.symbols)
	for i, s := range symbols {
		if _, ok := t.ranks[s]; !ok {
			symbols[i] = t.other
		}
	}
	return symbols
}

// branchFor returns the branch of a union that values of a type belong to: that
// of its name, or else of its kind; the union where there is none.
func (t *avroType) branchFor(w *avroType) *avroType {
	for _, same := range []func(*avroType) bool{
		func(b *avroType) bool { return b.kind == w.kind && b.name == w.name },
		func(b *avroType) bool { return b.kind == w.kind },
	} {
		if i := slices.IndexFunc(t.branches, same); i >= 0 {
			return t.branches[i]
		}
	}
	return t
}
