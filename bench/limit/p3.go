package limit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// windowLength is how long a window of P3 is, in ms.
const windowLength = 10_000

// WindowMean writes for each device and each ten seconds, of the time that its
// records tell, in which it has any
//
//	{"device_id":…,"end":…,"temperature":…}
//
// with the mean of the temperatures and the end of the window, RFC 3339. A
// window is closed by the first record of its device that is not before its
// end; records of closed windows are dropped. What is open at the end of the
// input is written then. The zero value is ready to use.
//
// Sums are compensated, as those of the engine are, so that the means are the
// same to the last digit.
type WindowMean struct {
	Guess bool // check the key order of an earlier record before scanning
}

// openWindow is the window of a device that is open.
type openWindow struct {
	device    []byte // as JSON
	begin     int64  // ms since 1970
	records   int64
	sum, lost float64 // the total is that of both; see add
}

// means is a run of WindowMean.
type means struct {
	windows map[string]*openWindow // by device
	order   []*openWindow          // in which devices came first
	end     int64                  // of the window closed last
	endText []byte
	tally   Tally
}

// Run reads records from r to its end and writes the results to w.
func (m WindowMean) Run(w io.Writer, r io.Reader) (Tally, error) {
	var guess layout
	in := newChunks(r)
	out := make([]byte, 0, chunk)
	s := &means{windows: map[string]*openWindow{}}
	for {
		buf, n, err := in.next()
		ended := errors.Is(err, io.EOF)
		out = out[:0]
		switch {
		case ended:
			for _, o := range s.order {
				out = s.close(out, o)
			}
		case err != nil:
			return s.tally, err
		case m.Guess:
			out = s.guessed(out, buf, n, &guess)
		default:
			out = s.scanned(out, buf, n)
		}
		if len(out) > 0 {
			if _, err := w.Write(out); err != nil {
				return s.tally, fmt.Errorf("write records: %w", err)
			}
		}
		if ended {
			return s.tally, nil
		}
	}
}

// scanned appends the results that the lines in buf[:n] lead to.
func (s *means) scanned(out, buf []byte, n int) []byte {
	for p := 0; p < n; {
		var r row
		end, ok := scan(buf, p, &r)
		p, out = s.record(out, buf, p, end, ok, &r)
	}
	return out
}

// guessed does what scanned does, in the way of FilterMap.
func (s *means) guessed(out, buf []byte, n int, guess *layout) []byte {
	for p := 0; p < n; {
		var r row
		end, ok := guess.match(buf, p, &r)
		if !ok {
			r = row{}
			if end, ok = scan(buf, p, &r); ok {
				guess.missed(buf, p)
			}
		}
		p, out = s.record(out, buf, p, end, ok, &r)
	}
	return out
}

// record takes in the line at p, of which the object up to end was read into r
// if ok. It returns the start of the next line.
func (s *means) record(out, buf []byte, p, end int, ok bool, r *row) (int, []byte) {
	if !ok {
		return badLine(buf, p, &s.tally), out
	}
	s.tally.In++
	at, timed := integer(buf, r[ts].begin, r[ts].end)
	degrees, measured := number(buf, r[temperature].begin, r[temperature].end)
	o := s.windowOf(buf[r[device].begin:r[device].end])
	if !timed || !measured || o == nil {
		s.tally.Bad++
		return end, out
	}
	switch {
	case o.records == 0:
		o.begin = floor(at)
	case at >= o.begin+windowLength:
		out = s.close(out, o)
		o.begin = floor(at)
	case at < o.begin:
		return end, out // late
	}
	o.add(degrees)
	return end, out
}

// windowOf returns the window of the device that a JSON string names, nil where
// it is none.
func (s *means) windowOf(quoted []byte) *openWindow {
	if len(quoted) < 2 || quoted[0] != '"' {
		return nil
	}
	if o := s.windows[string(quoted)]; o != nil {
		return o
	}
	// The same name may be spelled in several ways.
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return nil
	}
	plain, err := json.Marshal(name)
	if err != nil {
		return nil
	}
	o := s.windows[string(plain)]
	if o == nil {
		o = &openWindow{device: plain}
		s.windows[string(plain)] = o
		s.order = append(s.order, o)
	}
	s.windows[string(quoted)] = o
	return o
}

// add adds a temperature (A. Neumaier, "Rundungsfehleranalyse einiger
// Verfahren zur Summation endlicher Summen", 1974).
func (o *openWindow) add(degrees float64) {
	t := o.sum + degrees
	if math.Abs(o.sum) >= math.Abs(degrees) {
		o.lost += (o.sum - t) + degrees
	} else {
		o.lost += (degrees - t) + o.sum
	}
	o.sum = t
	o.records++
}

// close appends the result of a window, if it has records, and empties it.
func (s *means) close(out []byte, o *openWindow) []byte {
	if o.records == 0 {
		return out
	}
	s.tally.Out++
	out = append(out, `{"device_id":`...)
	out = append(out, o.device...)
	out = append(out, `,"end":"`...)
	out = append(out, s.timeText(o.begin+windowLength)...)
	out = append(out, `","temperature":`...)
	out = appendFloat(out, (o.sum+o.lost)/float64(o.records))
	o.records, o.sum, o.lost = 0, 0, 0
	return append(out, "}\n"...)
}

// timeText returns a time in ms since 1970 as RFC 3339. Most windows that are
// closed one after the other end at the same time.
func (s *means) timeText(at int64) []byte {
	if s.endText == nil || s.end != at {
		s.end, s.endText = at, time.UnixMilli(at).UTC().AppendFormat(s.endText[:0], time.RFC3339)
	}
	return s.endText
}

// floor returns when the window that a time is in begins.
func floor(at int64) int64 {
	rest := at % windowLength
	if rest < 0 {
		rest += windowLength
	}
	return at - rest
}
