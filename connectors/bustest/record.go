package bustest

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Record is a record as a source handed it over.
type Record struct {
	Part    plugins.Partition
	Offset  int64
	Topic   string // "" where the batch has none
	Key     string // "" for none
	Value   string
	Headers []Header
	Time    int64 // ns since 1970; 0 where it is not known
}

// Header is a header of a record.
type Header struct{ Name, Value string }

// recordsOf copies the records of a batch.
func recordsOf(b *plugins.Batch) []Record {
	var all []Record
	for _, i := range b.Sel {
		r := Record{Part: b.Part, Topic: string(b.Topic(i)), Key: string(b.Key(i)), Value: string(b.Value(i))}
		if b.Offsets != nil {
			r.Offset = b.Offsets[i]
		}
		if b.Times != nil {
			r.Time = b.Times[i]
		}
		for _, h := range b.HeadersOf(i) {
			r.Headers = append(r.Headers, Header{string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))})
		}
		all = append(all, r)
	}
	return all
}

// batchOf makes a batch of records, as the engine gives it to a sink.
func batchOf(pool *plugins.Pool, records []Record) *plugins.Batch {
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, framing)
	for _, r := range records {
		x := connectors.Record{Value: []byte(r.Value), Topic: r.Topic}
		if r.Key != "" {
			x.Key = []byte(r.Key)
		}
		for _, h := range r.Headers {
			x.Headers = append(x.Headers, connectors.RecordHeader{Name: h.Name, Value: []byte(h.Value)})
		}
		w.Add(x)
	}
	return w.Batch()
}

var framing = plugins.Framing{Terminator: []byte("\n")}

// numbered returns n records whose values count from a number on, spread over
// keys; keys 0 is for records without.
func numbered(from, n, keys int) []Record {
	all := make([]Record, n)
	for i := range all {
		if keys > 0 {
			all[i].Key = fmt.Sprintf("key-%d", (from+i)%keys)
		}
		all[i].Value = fmt.Sprintf("%s#%d", all[i].Key, from+i)
	}
	return all
}

// keyed returns the key that the value of a numbered record tells, for buses
// that carry none.
func keyed(value string) string {
	key, _, _ := strings.Cut(value, "#")
	return key
}

// values returns the values of records.
func values(records []Record) []string {
	all := make([]string, len(records))
	for i, r := range records {
		all[i] = r.Value
	}
	return all
}
