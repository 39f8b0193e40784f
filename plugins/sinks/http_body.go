package sinks

import (
	"bytes"

	"github.com/klauspost/compress/gzip"

	"github.com/onstream/onstream/plugins"
)

// requestBody makes the bodies of requests.
type requestBody struct {
	form       string // stream, array or single
	term       []byte
	maxRecords int
	maxBytes   int
	compress   bool

	rows   []sentRow // what the present body holds
	header []byte    // what it begins with
	buf    []byte
	zip    *gzip.Writer
	zipped bytes.Buffer
}

// sentRow is a record of a request.
type sentRow struct {
	batch int // index of the batch that waits
	row   uint32
}

// begin empties the body.
func (r *requestBody) begin() {
	r.rows, r.buf, r.header = r.rows[:0], r.buf[:0], nil
}

// add adds a record, and reports whether it had room.
func (r *requestBody) add(batch int, b *plugins.Batch, row uint32) bool {
	value := b.Value(row)
	if n := len(r.rows); n > 0 && (n == r.maxRecords || len(r.buf)+len(value) >= r.maxBytes || !bytes.Equal(r.header, b.Preamble)) {
		return false
	}
	switch {
	case r.form == "array" && len(r.rows) == 0:
		r.buf = append(r.buf, '[')
	case r.form == "array":
		r.buf = append(r.buf, ',')
	case len(r.rows) == 0 && b.Preamble != nil:
		r.buf = append(append(r.buf, b.Preamble...), r.term...)
	}
	if len(r.rows) == 0 {
		r.header = b.Preamble
	}
	r.buf = append(r.buf, value...)
	if r.form == "stream" {
		r.buf = append(r.buf, r.term...)
	}
	r.rows = append(r.rows, sentRow{batch, row})
	return true
}

// bytes returns the body, valid until begin. It can be asked for again.
func (r *requestBody) bytes() ([]byte, error) {
	body := r.buf
	if r.form == "array" {
		body = append(body, ']')
	}
	if !r.compress {
		return body, nil
	}
	r.zipped.Reset()
	if r.zip == nil {
		r.zip = gzip.NewWriter(&r.zipped)
	} else {
		r.zip.Reset(&r.zipped)
	}
	if _, err := r.zip.Write(body); err != nil {
		return nil, err
	}
	err := r.zip.Close()
	return r.zipped.Bytes(), err
}
