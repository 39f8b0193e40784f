package transforms

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// answer is what is known about a key.
type answer struct {
	found  bool
	values []byte // that are read of the record, as appendValue writes them
	bad    string // why the record found is of no use, "" if it is
}

// foundReader reads records that are found.
type foundReader struct {
	fields []plugins.Field
	slots  []jsontext.Slot // of columns with one row
	seen   []bool
}

func newFoundReader(fields []plugins.Field) *foundReader {
	r := &foundReader{fields: fields, slots: make([]jsontext.Slot, len(fields)), seen: make([]bool, len(fields))}
	for k, f := range fields {
		r.slots[k] = jsontext.Slot{Col: new(plugins.Column), Type: f.Type}
	}
	return r
}

// read returns the answer that a record is.
func (r *foundReader) read(record []byte) answer {
	for k := range r.slots {
		r.slots[k].Col.Reset(r.fields[k].Type.Kind, 1)
		r.slots[k].Col.Data = r.slots[k].Col.Data[:0]
		r.seen[k] = false
	}
	members := jsontext.Members(record)
	for members.Next() {
		for k, f := range r.fields {
			if r.seen[k] || f.Name != string(members.Key()) {
				continue
			}
			r.seen[k] = true
			if err := r.slots[k].Set(0, members.Value()); err != nil {
				return answer{found: true, bad: fmt.Sprintf("the field %s of the record found %v", f.Name, err)}
			}
		}
	}
	if err := members.Err(); err != nil {
		return answer{found: true, bad: fmt.Sprintf("the record found %v", err)}
	}
	a := answer{found: true}
	for k, f := range r.fields {
		switch {
		case r.seen[k]:
		case f.Type.Nullable || f.Type.Kind == plugins.Any:
			r.slots[k].Col.SetNull(0)
		default:
			return answer{found: true, bad: fmt.Sprintf("the record found has no field %s", f.Name)}
		}
		a.values = appendValue(a.values, r.slots[k].Col, 0)
	}
	return a
}

// answerCache keeps answers for a while. Those that are used stay longest: what
// was not used while as many as half its size were added is forgotten.
type answerCache struct {
	half  int
	ttl   int64
	young map[string]keptAnswer
	old   map[string]keptAnswer
}

type keptAnswer struct {
	answer
	until int64
}

func newAnswerCache(size int, ttl int64) *answerCache {
	return &answerCache{half: size / 2, ttl: ttl, young: map[string]keptAnswer{}, old: map[string]keptAnswer{}}
}

func (c *answerCache) get(key []byte, now int64) (answer, bool) {
	a, ok := c.young[string(key)]
	if !ok {
		if a, ok = c.old[string(key)]; ok && now < a.until {
			c.keep(string(key), a)
		}
	}
	return a.answer, ok && now < a.until
}

func (c *answerCache) put(key string, a answer, now int64) {
	c.keep(key, keptAnswer{a, later(now, c.ttl)})
}

func (c *answerCache) keep(key string, a keptAnswer) {
	if len(c.young) >= c.half {
		c.young, c.old = c.old, c.young
		clear(c.young)
	}
	c.young[key] = a
}

func (c *answerCache) clear() {
	clear(c.young)
	clear(c.old)
}
