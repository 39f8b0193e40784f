package sources

import (
	"bytes"
	"mime"
	"net/http"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

var errEmptyBody = refuse(http.StatusBadRequest, "the body is empty")

// cut finds the records of the body in b.Data.
func (h *httpSource) cut(contentType string, b *plugins.Batch) error {
	if len(h.env.Framing.Terminator) > 0 && bytes.HasPrefix(b.Data, byteOrderMark) {
		b.Data = append(b.Data[:0], b.Data[len(byteOrderMark):]...)
	}
	text := b.Data
	if h.json {
		text = jsontext.Trim(text) // in other formats, white space may be a record
	}
	if len(text) == 0 {
		return errEmptyBody
	}
	b.Values = b.SpareValues()
	if !h.json || isLines(contentType) {
		return h.cutStream(b)
	}
	begin := jsontext.Space(b.Data, 0)
	switch b.Data[begin] {
	case '[':
		return cutArray(b)
	case '{':
		end, err := jsontext.Skip(b.Data, begin)
		if err == nil && jsontext.Space(b.Data, end) < len(b.Data) {
			return h.cutStream(b)
		}
		return cutObject(b)
	default:
		return refuse(http.StatusBadRequest, "the body is to be a JSON object, an array of objects, or an object a line")
	}
}

// isLines reports whether a content type says that each line is a record.
func isLines(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch t {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines":
		return true
	}
	return false
}

// cutStream cuts a body as a file of the format would be.
func (h *httpSource) cutStream(b *plugins.Batch) error {
	spans, _, err := h.env.Framing.Splitter().Split(b.Data, 0, true, b.Values)
	if err != nil {
		return refuse(http.StatusBadRequest, "the body cannot be cut into records: %v", err)
	}
	if len(spans) == 0 {
		return errEmptyBody
	}
	if h.env.Framing.Preamble && len(spans) > 0 {
		b.Preamble = bytes.Clone(spans[0].Of(b.Data))
		spans = spans[1:]
	}
	if h.json {
		if err := checkLines(b.Data, spans); err != nil {
			return err
		}
	}
	b.Values = spans
	b.SelectAll(len(spans))
	return nil
}

// checkLines returns a refusal that names the first line which is not one object.
// What was accepted is not sent again, so it must not fail later.
func checkLines(data []byte, lines []plugins.Span) error {
	number, counted := 1, 0
	for _, l := range lines {
		number += bytes.Count(data[counted:l.Off], []byte{'\n'})
		counted = int(l.Off)
		text := l.Of(data)
		if err := jsontext.Valid(text); err != nil {
			return refuse(http.StatusBadRequest, "line %d of the body %v", number, err)
		}
		if text[jsontext.Space(text, 0)] != '{' {
			return refuse(http.StatusBadRequest, "line %d of the body is not an object", number)
		}
	}
	return nil
}

// cutObject makes the whole body one record.
func cutObject(b *plugins.Batch) error {
	text, off, err := oneLine(b)
	if err != nil {
		return err
	}
	b.Values = append(b.Values, plugins.Span{Off: uint32(off), Len: uint32(len(text))})
	b.SelectAll(1)
	return nil
}

// cutArray makes each element a record.
func cutArray(b *plugins.Batch) error {
	text, off, err := oneLine(b)
	if err != nil {
		return err
	}
	p := jsontext.Space(text, 1)
	for n := 1; text[p] != ']'; n++ {
		if text[p] != '{' {
			return refuse(http.StatusBadRequest, "element %d of the array is not an object", n)
		}
		end, err := jsontext.Skip(text, p)
		if err != nil {
			return refuse(http.StatusBadRequest, "element %d of the array %v", n, err)
		}
		b.Values = append(b.Values, plugins.Span{Off: uint32(off + p), Len: uint32(end - p)})
		p = jsontext.Space(text, end)
		if text[p] == ',' {
			p = jsontext.Space(text, p+1)
		}
	}
	b.SelectAll(len(b.Values))
	return nil
}

// oneLine returns the JSON text that the body is, checked, without white space
// around it and without line breaks, and where it stands in b.Data: records are
// lines wherever they are written untouched.
func oneLine(b *plugins.Batch) (text []byte, off int, err error) {
	if err := jsontext.Valid(b.Data); err != nil {
		return nil, 0, refuse(http.StatusBadRequest, "the body %v", err)
	}
	off = jsontext.Space(b.Data, 0)
	text = jsontext.Trim(b.Data)
	if bytes.IndexByte(text, '\n') >= 0 {
		off = len(b.Data)
		b.Data = jsontext.Compact(b.Data, text)
		text = b.Data[off:]
	}
	return text, off, nil
}
