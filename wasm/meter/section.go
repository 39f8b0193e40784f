package meter

import (
	"slices"

	"github.com/onstream/onstream/wasm/binary"
)

// added is what each section has besides. Sections that a module lacks, but for
// those without anything to add, are made.
var additions = []struct {
	id  binary.SectionID
	n   uint32 // how many things are added
	add func(*rewriter) []byte
}{
	{binary.TypeSection, 2, func(*rewriter) []byte { return []byte{0x60, 0, 0, 0x60, 1, byte(binary.I32), 1, byte(binary.I32)} }},
	{binary.ImportSection, 1, (*rewriter).tick},
	{binary.FunctionSection, 2, func(w *rewriter) []byte { return binary.AppendU32(binary.AppendU32(nil, w.tickType), w.tickType+1) }},
	{binary.TableSection, 0, nil},
	{binary.MemorySection, 0, nil},
	{binary.GlobalSection, 1, (*rewriter).fuel},
	{binary.ExportSection, 0, nil},
	{binary.StartSection, 0, nil},
	{binary.ElementSection, 0, nil},
	{binary.DataCountSection, 0, nil},
	{binary.CodeSection, 0, nil},
	{binary.DataSection, 0, nil},
}

// module writes all sections, in the order that the format asks for.
func (w *rewriter) module() ([]byte, error) {
	w.out = slices.Grow(w.out, w.size())
	w.out = append(w.out, "\x00asm\x01\x00\x00\x00"...)
	for _, a := range additions {
		at := slices.IndexFunc(w.m.Sections, func(s binary.Section) bool { return s.ID == a.id })
		var s binary.Section
		if at >= 0 {
			s = w.m.Sections[at]
		}
		switch {
		case a.id == binary.CodeSection:
			code, err := w.code()
			if err != nil {
				return nil, err
			}
			w.section(a.id, code)
		case a.id == binary.MemorySection && at >= 0:
			memory, err := w.memory()
			if err != nil {
				return nil, err
			}
			w.section(a.id, memory)
		case a.id == binary.TableSection && at >= 0:
			w.section(a.id, w.table())
		case a.add != nil:
			w.section(a.id, more(w.refs(s), a.add(w), a.n))
		case at >= 0:
			w.section(a.id, w.refs(s))
		}
	}
	if names := w.names(); names != nil {
		w.section(binary.CustomSection, names)
	}
	return w.out, nil
}

// size is about how long the result is.
func (w *rewriter) size() int {
	n := 0
	for _, s := range w.m.Sections {
		n += len(s.Data)
	}
	return n + n/2
}

func (w *rewriter) section(id binary.SectionID, data []byte) {
	w.out = append(w.out, byte(id))
	w.out = binary.AppendU32(w.out, uint32(len(data)))
	w.out = append(w.out, data...)
}

// refs returns the section with the new indices of the functions that it names.
func (w *rewriter) refs(s binary.Section) []byte {
	if len(s.Refs) == 0 {
		return s.Data
	}
	out := make([]byte, 0, len(s.Data)+len(s.Refs))
	from := 0
	for _, ref := range s.Refs {
		out = append(out, s.Data[from:ref.At]...)
		out = binary.AppendU32(out, w.moved(ref.Index))
		from = ref.At + ref.Len
	}
	return append(out, s.Data[from:]...)
}

// more adds things to a section that begins with how many there are.
func more(data, things []byte, added uint32) []byte {
	n, size := binary.U32(data)
	out := binary.AppendU32(make([]byte, 0, len(data)+len(things)+5), n+added)
	out = append(out, data[size:]...)
	return append(out, things...)
}

// tick is the function that is imported besides.
func (w *rewriter) tick() []byte {
	b := binary.AppendName(binary.AppendName(nil, w.config.Module), w.config.Name)
	return binary.AppendU32(append(b, byte(binary.Func)), w.tickType)
}

// fuel is the global that counts down.
func (w *rewriter) fuel() []byte {
	b := []byte{byte(binary.I32), 1, i32Const}
	return append(binary.AppendS32(b, w.config.Steps), end)
}

func (w *rewriter) memory() ([]byte, error) {
	l := w.m.Memories[0]
	if l.Min > w.config.Pages {
		return nil, &TooLargeError{l.Min, w.config.Pages}
	}
	return appendLimits([]byte{1}, l, w.config.Pages), nil
}

func (w *rewriter) table() []byte {
	t := w.m.Tables[0]
	return appendLimits([]byte{1, byte(t.Elem)}, t.Limits, w.config.Entries)
}

// appendLimits appends limits, of which the upper one is at most limit.
func appendLimits(dst []byte, l binary.Limits, limit uint32) []byte {
	most := max(limit, l.Min)
	if l.HasMax {
		most = min(most, l.Max)
	}
	dst = append(dst, 1)
	return binary.AppendU32(binary.AppendU32(dst, l.Min), most)
}
