package transforms

import "github.com/onstream/onstream/plugins"

// gather makes dst the column of the given rows of src, in their order; a row
// may come several times. Bytes are not copied: dst is valid as long as src.
func gather(dst, src *plugins.Column, rows []uint32) {
	dst.Reset(src.Kind, len(rows))
	dst.Data = src.Data
	switch src.Kind {
	case plugins.Bool:
		pick(dst.Bools, src.Bools, rows)
	case plugins.Int, plugins.Time, plugins.Duration:
		pick(dst.Ints, src.Ints, rows)
	case plugins.Float:
		pick(dst.Floats, src.Floats, rows)
	case plugins.Any:
		pick(dst.Kinds, src.Kinds, rows)
		pick(dst.Ints, src.Ints, rows)
		pick(dst.Spans, src.Spans, rows)
		return // its kinds say which rows are null
	default:
		pick(dst.Spans, src.Spans, rows)
	}
	if src.Nulls == nil {
		return
	}
	for k, i := range rows {
		if src.Nulls[i] {
			dst.SetNull(uint32(k))
		}
	}
}

func pick[T any](dst, src []T, rows []uint32) {
	for k, i := range rows {
		dst[k] = src[i]
	}
}
