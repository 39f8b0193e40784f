package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// emptyArray is the size of one.
const emptyArray = 5

// event is what a change stream tells. Its values are those of the reply.
type event struct {
	token     bson.Raw
	operation string
	id        bson.RawValue // of the document
	key       bson.Raw      // the _id, and the shard key where there is one
	document  bson.RawValue
	before    bson.RawValue
	updated   bson.RawValue
	removed   bson.RawValue
	truncated bson.RawValue
	to        bson.RawValue // of a rename
	at        time.Time
}

// readEvent reads an event.
func readEvent(doc bson.Raw) (e event, err error) {
	err = eachField(doc, func(name []byte, v bson.RawValue) {
		switch string(name) {
		case "_id":
			e.token, _ = v.DocumentOK()
		case "operationType":
			e.operation, _ = v.StringValueOK()
		case "documentKey":
			e.key, _ = v.DocumentOK()
			e.id = e.key.Lookup("_id")
		case "fullDocument":
			e.document = v
		case "fullDocumentBeforeChange":
			e.before = v
		case "to":
			e.to = v
		case "clusterTime":
			if seconds, _, ok := v.TimestampOK(); ok && e.at.IsZero() {
				e.at = time.Unix(int64(seconds), 0)
			}
		case "wallTime":
			if ms, ok := v.DateTimeOK(); ok {
				e.at = time.UnixMilli(ms)
			}
		case "updateDescription":
			raw, _ := v.DocumentOK()
			err := eachField(raw, func(name []byte, v bson.RawValue) {
				switch string(name) {
				case "updatedFields":
					e.updated = v
				case "removedFields":
					e.removed = v
				case "truncatedArrays":
					e.truncated = v
				}
			})
			if err != nil {
				e.token = nil
			}
		}
	})
	if doc, ok := e.document.DocumentOK(); ok && e.id.Type == 0 {
		e.id = doc.Lookup("_id") // of servers that tell another key
	}
	if err == nil && (e.token == nil || e.operation == "") {
		err = errTorn
	}
	return e, err
}

// eachField calls f with the fields of a document, which are valid as long as that is.
func eachField(doc bson.Raw, f func(name []byte, v bson.RawValue)) error {
	length, rest, ok := bsoncore.ReadLength(bsoncore.Document(doc))
	if !ok || int(length) != len(doc) || length < 5 {
		return errTorn
	}
	for rest = rest[:length-5]; len(rest) > 0; {
		var e bsoncore.Element
		if e, rest, ok = bsoncore.ReadElement(rest); !ok {
			return errTorn
		}
		v := e.Value()
		f(e.KeyBytes(), bson.RawValue{Type: bson.Type(v.Type), Value: v.Data})
	}
	return nil
}

// append appends the record that tells of the event.
func (e event) append(dst []byte, f form) (_ []byte, err error) {
	dst = append(append(append(dst, `{"operation":"`...), e.operation...), '"')
	add := func(name string, v bson.RawValue) {
		if v.Type == 0 || err != nil {
			return
		}
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		dst, err = appendJSON(dst, v, f)
	}
	add("id", e.id)
	if size := 4 + 1 + len("_id") + 1 + len(e.id.Value) + 1; len(e.key) > size { // a shard key, too
		add("key", bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: e.key})
	}
	add("document", e.document)
	add("before", e.before)
	add("updated", e.updated)
	add("removed", e.removed)
	if len(e.truncated.Value) > emptyArray {
		add("truncated", e.truncated)
	}
	if !e.at.IsZero() && err == nil {
		dst = append(dst, `,"time":"`...)
		dst = append(e.at.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
	}
	return append(dst, '}'), err
}

// appendKey appends the text that a value is as the key of a record: a string without its quotes, anything else as JSON.
func appendKey(dst []byte, v bson.RawValue, f form) ([]byte, error) {
	if text, ok := v.StringValueOK(); ok {
		return append(dst, text...), nil
	}
	at := len(dst)
	dst, err := appendJSON(dst, v, f)
	if err == nil && jsontext.KindOf(dst[at:]) == plugins.String {
		dst = append(dst[:at], dst[at+1:len(dst)-1]...) // of ids and dates, without escapes
	}
	return dst, err
}
