package codec

import "github.com/onstream/onstream/plugins"

// recordID is what an encoder writes in front of records: the id of their
// schema, which it asks the registry for when it is first needed.
type recordID[T any] struct {
	from   *registry[T] // nil for records without id
	o      registryOptions
	schema registrySchema
	behind []byte // what follows the id
	head   []byte // what to write; nil until the id is known
}

// begin makes the id known. Where it cannot, the rows of the batch fail.
func (r *recordID[T]) begin(b *plugins.Batch) bool {
	if r.from == nil && r.o.id == 0 || r.head != nil {
		return true
	}
	id, err := r.o.id, error(nil)
	if id == 0 {
		id, err = r.from.idOf(r.o, r.schema)
	}
	if err != nil {
		for _, i := range b.Sel {
			fail(b, i, codeEncode, err)
		}
		b.DropFailed()
		return false
	}
	r.head = append(appendID(nil, id), r.behind...)
	return true
}

// append appends what stands in front of a record.
func (r *recordID[T]) append(dst []byte) []byte { return append(dst, r.head...) }
