package meter

import (
	"slices"

	"github.com/onstream/onstream/wasm/binary"
)

// The types that are added, by their place behind those that there are.
const (
	refillType = iota // () -> ()
	chargeType        // i32 -> i32
	tickType          // i32 -> ()
	blockTypes        // of blocks that return several values
)

// additions is what each section has besides. Sections that a module lacks, but for
// those without anything to add, are made.
var additions = []struct {
	id  binary.SectionID
	add func(*rewriter) (things []byte, n int)
}{
	{binary.TypeSection, (*rewriter).addedTypes},
	{binary.ImportSection, (*rewriter).tick},
	{binary.FunctionSection, (*rewriter).addedFunctions},
	{binary.TableSection, nil},
	{binary.MemorySection, nil},
	{binary.GlobalSection, (*rewriter).globals},
	{binary.ExportSection, nil},
	{binary.StartSection, nil},
	{binary.ElementSection, nil},
	{binary.DataCountSection, nil},
	{binary.CodeSection, nil},
	{binary.DataSection, nil},
}

// module writes all sections, in the order that the format asks for.
func (w *rewriter) module() ([]byte, error) {
	code, err := w.code() // says which types it needs
	if err != nil {
		return nil, err
	}
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
			w.section(a.id, code)
		case a.id == binary.MemorySection && len(w.m.Memories) > 0:
			memory, err := w.memory()
			if err != nil {
				return nil, err
			}
			w.section(a.id, memory)
		case a.id == binary.TableSection && len(w.m.Tables) > 0:
			w.section(a.id, w.table())
		case a.add != nil:
			things, n := a.add(w)
			w.section(a.id, more(w.refs(s), things, uint32(n)))
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

// addedTypes are those of what is added.
func (w *rewriter) addedTypes() ([]byte, int) {
	things := []byte{0x60, 0, 0, 0x60, 1, byte(binary.I32), 1, byte(binary.I32), 0x60, 1, byte(binary.I32), 0}
	for _, t := range w.blocks {
		things = binary.AppendU32(append(things, 0x60, 0), uint32(len(t.Results)))
		for _, r := range t.Results {
			things = append(things, byte(r))
		}
	}
	return things, blockTypes + len(w.blocks)
}

func (w *rewriter) addedFunctions() ([]byte, int) {
	return binary.AppendU32(binary.AppendU32(nil, w.types+refillType), w.types+chargeType), 2
}

// tick is the function that is imported besides.
func (w *rewriter) tick() ([]byte, int) {
	b := binary.AppendName(binary.AppendName(nil, w.config.Module), w.config.Name)
	return binary.AppendU32(append(b, byte(binary.Func)), w.types+tickType), 1
}

// globals is the one that counts down.
func (w *rewriter) globals() ([]byte, int) {
	b := []byte{byte(binary.I64), 1, i64Const}
	return append(binary.AppendS64(b, int64(w.config.Stack)<<stackShift+int64(w.config.Steps)), end), 1
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
