package meter

// smallFrame is how many values a function takes of the stack at least.
const smallFrame = 16

// keptShare says how many of the values that may want a place on the stack count as one. In functions that compilers write few of them
// get one: a sixth of them all, and in none more than all.
const keptShare = 4

// maxFrame is more than any stack has.
const maxFrame = 1 << 30

// frame returns how many values a function of the module counts for while it calls others. Where all that want a place have one,
// it takes up to four times as much.
func (w *rewriter) frame(index int) (int64, error) {
	v, err := w.m.Values(index)
	if err != nil {
		return 0, err
	}
	n := smallFrame + len(w.m.Types[w.m.Functions[index]].Params) + w.m.Codes[index].Variables + v.Height + v.Kept/keptShare
	if v.Vectors {
		n *= 2
	}
	return min(int64(n), maxFrame), nil
}
