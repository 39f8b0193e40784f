package binary

// A FunctionName is the name that a function has for people.
type FunctionName struct {
	Index uint32
	Name  string
}

// FunctionNames reads the names of functions in the custom section "name", in
// the order of their indices.
func FunctionNames(data []byte) ([]FunctionName, error) {
	r := &reader{data: data}
	for r.left() > 0 && r.err == nil {
		id := r.byte()
		part := r.bytes(int(r.u32()))
		if id != 1 {
			continue
		}
		p := &reader{data: part}
		var names []FunctionName
		for range p.count(2, maxFuncs, "names") {
			names = append(names, FunctionName{p.u32(), p.name()})
		}
		return names, p.err
	}
	return nil, r.err
}
