package limit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// threshold is the temperature that a record must exceed.
const threshold = 75

// FilterMap keeps the records with a temperature above 75 and writes for each
//
//	{"device_id":…,"f":…,"site":…}
//
// with the temperature in Fahrenheit. Values are copied as they are spelled;
// a field that is missing becomes null. The zero value is ready to use.
type FilterMap struct {
	Guess bool // check the key order of an earlier record before scanning
	Time  bool // emit ts as well, as a fourth field
}

// field is a place in row; other is where values go that nobody reads.
type field uint8

const (
	device field = iota
	site
	ts
	temperature
	other
	fields
)

// span is a value in the buffer, with its quotes if it is a string.
type span struct{ begin, end int }

// row is what a scan found in a record. A span that is empty was not found.
type row [fields]span

// Run reads records from r to its end and writes the results to w.
func (f FilterMap) Run(w io.Writer, r io.Reader) (Tally, error) {
	var tally Tally
	var guess layout
	in := newChunks(r)
	out := make([]byte, 0, chunk)
	for {
		buf, n, err := in.next()
		if errors.Is(err, io.EOF) {
			return tally, nil
		}
		if err != nil {
			return tally, err
		}
		out = out[:0]
		if f.Guess {
			out = f.guessed(out, buf, n, &guess, &tally)
		} else {
			out = f.scanned(out, buf, n, &tally)
		}
		if len(out) == 0 {
			continue
		}
		if _, err := w.Write(out); err != nil {
			return tally, fmt.Errorf("write records: %w", err)
		}
	}
}

// scanned appends the results of the lines in buf[:n] to out.
func (f FilterMap) scanned(out, buf []byte, n int, tally *Tally) []byte {
	for p := 0; p < n; {
		var r row
		end, ok := scan(buf, p, &r)
		p, out = f.record(out, buf, p, end, ok, &r, tally)
	}
	return out
}

// record accounts for the line at p, of which the object up to end was read
// into r if ok, and appends its result to out. It returns the start of the
// next line.
func (f FilterMap) record(out, buf []byte, p, end int, ok bool, r *row, tally *Tally) (int, []byte) {
	if !ok {
		return badLine(buf, p, tally), out
	}
	tally.In++
	t := r[temperature]
	degrees, ok := number(buf, t.begin, t.end)
	if !ok {
		tally.Bad++
	} else if degrees > threshold {
		tally.Out++
		out = f.emit(out, buf, r, degrees)
	}
	return end, out
}

// emit appends the result of one record.
func (f FilterMap) emit(out, buf []byte, r *row, degrees float64) []byte {
	out = append(out, `{"device_id":`...)
	out = appendValue(out, buf, r[device])
	out = append(out, `,"f":`...)
	out = appendFloat(out, degrees*9/5+32)
	out = append(out, `,"site":`...)
	out = appendValue(out, buf, r[site])
	if f.Time {
		out = append(out, `,"ts":`...)
		out = appendValue(out, buf, r[ts])
	}
	return append(out, "}\n"...)
}

func appendValue(out, buf []byte, v span) []byte {
	if v.begin == v.end {
		return append(out, "null"...)
	}
	return append(out, buf[v.begin:v.end]...)
}

// badLine accounts for the line at p, which is no object, and returns the
// start of the next one. Blank lines are no records.
func badLine(b []byte, p int, tally *Tally) int {
	if p = space(b, p); b[p] != '\n' {
		tally.In++
		tally.Bad++
	}
	return p + bytes.IndexByte(b[p:], '\n') + 1
}
