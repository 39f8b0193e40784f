package codec

import "github.com/onstream/onstream/plugins"

// avroEncoder writes records as a schema says.
type avroEncoder struct {
	schemaEncoder[*avroType]
	avroWriter
	t *avroType
}

var _ plugins.Encoder = (*avroEncoder)(nil)

func newAvroEncoder(t *avroType) *avroEncoder {
	e := &avroEncoder{t: t}
	e.perRow, e.record = 64, e.appendRecord
	return e
}

func (e *avroEncoder) appendRecord(dst []byte, row uint32) (_ []byte, err error) {
	for k := range e.columns {
		if dst, err = e.appendField(dst, &e.t.fields[k], e.columns[k].datum(row)); err != nil {
			return dst, inField(e.t.fields[k].name, err)
		}
	}
	return dst, nil
}
