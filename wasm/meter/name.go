package meter

import "github.com/onstream/onstream/wasm/binary"

// names is the custom section with the names of functions, which traces of the
// stack tell, nil where there is none that can be read.
func (w *rewriter) names() []byte {
	data, ok := w.m.Custom("name")
	if !ok {
		return nil
	}
	names, err := binary.FunctionNames(data)
	if err != nil || len(names) == 0 {
		return nil
	}
	list := binary.AppendU32(nil, uint32(len(names)))
	for _, n := range names {
		list = binary.AppendName(binary.AppendU32(list, w.moved(n.Index)), n.Name)
	}
	out := append(binary.AppendName(nil, "name"), 1) // the names of functions
	return append(binary.AppendU32(out, uint32(len(list))), list...)
}
