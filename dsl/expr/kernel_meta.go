package expr

import (
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/plugins"
)

const notUTF8 = "the value is not valid UTF-8"

// metaNode makes the node of a part of meta.
func metaNode(name string, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(*workshop) kernel {
		invalid := newFault(at, codeType, notUTF8)
		var out plugins.Column
		var topic []byte // memory of its own: that of out may be a batch's
		return func(r *run, sel []uint32) *plugins.Column {
			b := r.batch
			out.Reset(t.Kind, r.rows)
			out.Data = out.Data[:0]
			switch name {
			case "partition":
				out.Data = append(out.Data, b.Part.String()...)
				for _, i := range sel {
					out.Spans[i] = plugins.Span{Len: uint32(len(out.Data))}
				}
			case "offset":
				optionalInts(&out, b.Offsets, sel)
			case "time":
				optionalInts(&out, b.Times, sel)
			case "received":
				for _, i := range sel {
					out.Ints[i] = b.Received
				}
			case "key":
				out.Data = b.Data
				for _, i := range sel {
					setText(r, &out, i, b.Keys, invalid)
				}
			case "topic":
				if b.Topics == nil && b.OneTopic != "" {
					topic = append(topic[:0], b.OneTopic...)
					out.Data = topic
					for _, i := range sel {
						out.Spans[i] = plugins.Span{Len: uint32(len(topic))}
					}
					break
				}
				out.Data = b.Data
				for _, i := range sel {
					setText(r, &out, i, b.Topics, invalid)
				}
			}
			return &out
		}
	}}
}

func optionalInts(out *plugins.Column, from []int64, sel []uint32) {
	for _, i := range sel {
		if from == nil {
			out.Ints[i] = 0
			out.SetNull(i)
			continue
		}
		out.Ints[i] = from[i]
	}
}

// setText makes span i, of the batch's data, the value of row i.
func setText(r *run, out *plugins.Column, i uint32, spans []plugins.Span, invalid *fault) {
	if spans == nil {
		out.Spans[i] = plugins.Span{}
		out.SetNull(i)
		return
	}
	out.Spans[i] = spans[i]
	if !utf8.Valid(out.Bytes(i)) {
		out.Spans[i] = plugins.Span{}
		r.fail(i, invalid)
	}
}

// headerNode makes the node of the first header of a name.
func headerNode(name string, t plugins.Type, at hcl.Range) *node {
	return &node{t: t, at: at, make: func(*workshop) kernel {
		invalid := newFault(at, codeType, notUTF8)
		var out plugins.Column
		var found [1]plugins.Span
		return func(r *run, sel []uint32) *plugins.Column {
			b := r.batch
			out.Reset(plugins.String, r.rows)
			out.Data = b.Data
			for _, i := range sel {
				out.Spans[i] = plugins.Span{}
				ok := false
				for _, h := range b.HeadersOf(i) {
					if string(h.Name.Of(b.Data)) == name {
						found[0], ok = h.Value, true
						break
					}
				}
				switch {
				case !ok:
					out.SetNull(i)
				case !utf8.Valid(found[0].Of(b.Data)):
					r.fail(i, invalid)
				default:
					out.Spans[i] = found[0]
				}
			}
			return &out
		}
	}}
}
