package codec

import "github.com/onstream/onstream/plugins"

// protoEncoder writes records as messages.
type protoEncoder struct {
	schemaEncoder[*protoFiles]
	protoWriter
	m *protoMessage
}

var _ plugins.Encoder = (*protoEncoder)(nil)

// newProtoEncoder returns an encoder; delimited says that the length of each
// message comes first.
func newProtoEncoder(m *protoMessage, delimited bool) *protoEncoder {
	e := &protoEncoder{m: m}
	e.perRow, e.record = 64, e.appendRecord
	if delimited {
		e.finish = insertLength
	}
	return e
}

func (e *protoEncoder) appendRecord(dst []byte, row uint32) (_ []byte, err error) {
	for k := range e.columns {
		if dst, err = e.appendField(dst, e.m.fields[k], e.columns[k].datum(row)); err != nil {
			return dst, inField(e.m.fields[k].name, err)
		}
	}
	return dst, nil
}
