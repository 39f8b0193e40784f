package mongo

import (
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// Errors of records.
var (
	errNoName  = errors.New("the collection has no name: write one")
	errOperate = errors.New("has a name that MongoDB would take for an operator: rename it")
	errDotted  = errors.New("has a dot in its name, which MongoDB would take for a field within another: rename it, or write the block update")
	errOwnID   = errors.New("is in the record, and id says that it is something else: leave it out of the record, or write id = [event._id]")
)

// nameError is about the name of a collection.
type nameError struct{ name string }

func (e *nameError) Error() string {
	return fmt.Sprintf("%q is no name of a collection: it has no $, no dot in front, no system. and 200 bytes at most", clipped(e.name))
}

// maker makes statements of records. It is used by one goroutine at a time.
type maker struct {
	*plan
	encoder encoder
	doc     []byte // of the record
	key     []byte // the value of the id, as an element of a document
}

func newMaker(p *plan) *maker {
	return &maker{plan: p, encoder: encoder{form: p.form, types: p.types}}
}

// verb is the command, and list the name of its statements.
func (p *plan) verb() (command, list string) {
	switch p.mode {
	case "insert":
		return "insert", "documents"
	case "delete":
		return "delete", "deletes"
	default:
		return "update", "updates"
	}
}

// statement appends what is to be done with a record. What the id is, is m.key afterwards. generate makes an _id where the
// record has none and one is needed; it may use m.doc.
func (m *maker) statement(dst, text []byte, generate func() bson.ObjectID) ([]byte, error) {
	var err error
	if m.doc, err = m.encoder.document(m.doc[:0], text); err != nil {
		return dst, err
	}
	if err := m.identify(); err != nil {
		return dst, err
	}
	if m.mode == "insert" {
		return m.insertion(dst, generate)
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = m.filter(dst)
	if m.mode == "delete" {
		return finish(bsoncore.AppendInt32Element(dst, "limit", 1), start), nil
	}
	dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, "u")
	from := len(dst)
	if dst, err = m.change(dst); err != nil {
		return dst, err
	}
	if len(dst)-from > maxDocument {
		return dst, tooLarge(len(dst) - from)
	}
	if m.mode == "upsert" {
		dst = bsoncore.AppendBooleanElement(dst, "upsert", true)
	}
	return finish(dst, start), nil
}

func tooLarge(size int) error {
	return &sizeError{size}
}

// sizeError is about a document that no server stores.
type sizeError struct{ size int }

func (e *sizeError) Error() string {
	return fmt.Sprintf("the document has %d bytes, and MongoDB stores %d at most: divide the record, or leave fields out", e.size, maxDocument)
}

// identify finds the id in the document, and makes m.key of it: "_id" and its value, or the fields to look for.
func (m *maker) identify() error {
	m.key = m.key[:0]
	for i, f := range m.id {
		v, err := lookUp(m.doc, f.path)
		if err != nil {
			name := f.name
			if name == "" {
				name = "id"
			}
			return &idError{name, err}
		}
		switch {
		case m.byFields:
			m.key = appendEqual(m.key, f.name, v)
		case len(m.id) == 1:
			m.key = bsoncore.AppendValueElement(m.key, "_id", v)
		default:
			if i == 0 {
				m.key = append(bsoncore.AppendHeader(m.key, bsoncore.TypeEmbeddedDocument, "_id"), 0, 0, 0, 0)
			}
			m.key = bsoncore.AppendValueElement(m.key, f.name, v)
			if i == len(m.id)-1 {
				m.key = finish(m.key, len("?_id?"))
			}
		}
	}
	return nil
}

// idError is about a record without an id.
type idError struct {
	name string
	err  error
}

func (e *idError) Error() string { return fmt.Sprintf("the id: %q %v", e.name, e.err) }

// appendEqual appends what matches fields that are v, and nothing else: where it is a document with names that could be operators,
// they are none.
func appendEqual(dst []byte, name string, v bsoncore.Value) []byte {
	if v.Type != bsoncore.TypeEmbeddedDocument || !operates(v.Data) {
		return bsoncore.AppendValueElement(dst, name, v)
	}
	dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, name)
	start := len(dst)
	return finish(bsoncore.AppendValueElement(append(dst, 0, 0, 0, 0), "$eq", v), start)
}

// operates reports whether a document has a name that begins as operators do.
func operates(doc []byte) bool {
	for rest := doc[4 : len(doc)-1]; len(rest) > 0; {
		e, left, ok := bsoncore.ReadElement(rest)
		if !ok || e[1] == '$' {
			return true
		}
		rest = left
	}
	return false
}

// lookUp returns a value of the id.
func lookUp(doc []byte, path []string) (bsoncore.Value, error) {
	v := bsoncore.Value{Type: bsoncore.TypeEmbeddedDocument, Data: doc}
	for _, name := range path {
		d, ok := v.DocumentOK()
		if !ok {
			return v, errors.New("is not in the record")
		}
		var err error
		if v, err = d.LookupErr(name); err != nil {
			return v, errors.New("is not in the record")
		}
	}
	switch v.Type {
	case bsoncore.TypeNull, bsoncore.TypeUndefined:
		return v, errors.New("is null")
	case bsoncore.TypeArray:
		return v, errors.New("is a list, and MongoDB takes none")
	case bsoncore.TypeRegex:
		return v, errors.New("is a regular expression, and MongoDB takes none")
	}
	return v, nil
}

// filter appends the query that finds the document.
func (m *maker) filter(dst []byte) []byte {
	dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, "q")
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if m.byFields {
		return finish(append(dst, m.key...), start)
	}
	return finish(appendEqual(dst, "_id", bsoncore.Element(m.key).Value()), start)
}

// ownID returns the _id that the record has, and whether it has one.
func (m *maker) ownID() (bsoncore.Value, bool) {
	v, err := bsoncore.Document(m.doc).LookupErr("_id")
	return v, err == nil
}

// sameID refuses an _id of the record's own that is not what id says.
func (m *maker) sameID() (has bool, err error) {
	own, has := m.ownID()
	if has && len(m.id) > 0 && !m.byFields && !own.Equal(bsoncore.Element(m.key).Value()) {
		return has, &fieldError{"_id", errOwnID}
	}
	return has, nil
}

// insertion appends the document, with an _id, which is its first field: so the server has it, whatever it is sent.
func (m *maker) insertion(dst []byte, generate func() bson.ObjectID) ([]byte, error) {
	has, err := m.sameID()
	if err == nil {
		err = m.noOperators(false)
	}
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch {
	case has && len(m.id) == 0:
		id, _ := m.ownID()
		if id.Type == bsoncore.TypeArray || id.Type == bsoncore.TypeUndefined || id.Type == bsoncore.TypeRegex {
			return dst, &fieldError{"_id", errors.New("is a list or a regular expression, and MongoDB takes none")}
		}
		m.key = bsoncore.AppendValueElement(m.key[:0], "_id", id)
	case !has && len(m.id) == 0:
		m.key = bsoncore.AppendObjectIDElement(m.key[:0], "_id", generate())
	}
	dst = finish(m.withoutID(append(dst, m.key...)), start)
	if len(dst)-start > maxDocument {
		return dst, tooLarge(len(dst) - start)
	}
	return dst, nil
}

// withoutID appends the fields of the document but _id.
func (m *maker) withoutID(dst []byte) []byte {
	for rest := m.doc[4 : len(m.doc)-1]; len(rest) > 0; {
		e, left, _ := bsoncore.ReadElement(rest)
		if rest = left; e.Key() != "_id" {
			dst = append(dst, e...)
		}
	}
	return dst
}

// noOperators refuses names that would be operators, or paths where those count.
func (m *maker) noOperators(paths bool) error {
	for rest := m.doc[4 : len(m.doc)-1]; len(rest) > 0; {
		e, left, ok := bsoncore.ReadElement(rest)
		if !ok {
			return errTorn
		}
		rest = left
		name := e.Key()
		switch {
		case strings.HasPrefix(name, "$"):
			return &fieldError{clipped(name), errOperate}
		case paths && strings.Contains(name, "."):
			return &fieldError{clipped(name), errDotted}
		case paths && name == "":
			return &fieldError{"", errors.New("has a field without a name, which no update can set: rename it")}
		}
	}
	return nil
}

// change appends what becomes of the document that is found.
func (m *maker) change(dst []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch {
	case m.update:
		return finish(m.operate(dst), start), nil
	case m.mode == "update":
		if err := m.noOperators(true); err != nil {
			return dst, err
		}
		if _, err := m.sameID(); err != nil {
			return dst, err
		}
		dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, "$set")
		set := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = m.withoutID(dst)
		if len(dst) == set+4 { // old servers refuse a $set of nothing
			return dst, &fieldError{"", errors.New("has no field to set")}
		}
		return finish(finish(dst, set), start), nil
	}
	has, err := m.sameID()
	if err == nil {
		err = m.noOperators(false)
	}
	if err != nil {
		return dst, err
	}
	if !has && !m.byFields {
		dst = append(dst, m.key...)
	}
	return finish(append(dst, m.doc[4:len(m.doc)-1]...), start), nil
}

// operate appends the operators of the block update.
func (m *maker) operate(dst []byte) []byte {
	open, at := -1, 0
	for rest := m.doc[4 : len(m.doc)-1]; len(rest) > 0; {
		e, left, _ := bsoncore.ReadElement(rest)
		rest = left
		to := m.made[e.Key()]
		if to.operator < 0 || to.path == "" {
			continue
		}
		if to.operator != open {
			if open >= 0 {
				dst = finish(dst, at)
			}
			open = to.operator
			dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, operators[open].name)
			at = len(dst)
			dst = append(dst, 0, 0, 0, 0)
		}
		dst = appendOperand(dst, operators[open].attr, to.path, e.Value())
	}
	if open >= 0 {
		dst = finish(dst, at)
	}
	if len(m.unset) > 0 {
		dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, "$unset")
		at = len(dst)
		dst = append(dst, 0, 0, 0, 0)
		for _, path := range m.unset {
			dst = bsoncore.AppendStringElement(dst, path, "")
		}
		dst = finish(dst, at)
	}
	return dst
}

// appendOperand appends a value of an operator. A document that is appended to a list is given as one that is, so that its
// names are no words of the operator's.
func appendOperand(dst []byte, operator, path string, v bsoncore.Value) []byte {
	if v.Type != bsoncore.TypeEmbeddedDocument || operator != "push" && operator != "add_to_set" {
		return bsoncore.AppendValueElement(dst, path, v)
	}
	dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, path)
	each := len(dst)
	dst = bsoncore.AppendHeader(append(dst, 0, 0, 0, 0), bsoncore.TypeArray, "$each")
	list := len(dst)
	dst = bsoncore.AppendValueElement(append(dst, 0, 0, 0, 0), "0", v)
	return finish(finish(dst, list), each)
}
