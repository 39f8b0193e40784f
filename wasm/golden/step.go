package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// step is something that is done, and what comes of it.
type step struct {
	number  int
	doc     string
	records []record
	columns map[string][]json.RawMessage
	rows    []record // of the columns, with what they have besides: keys and times
	advance duration
	end     bool
	restart bool
	config  map[string]json.RawMessage
	want    []record
	failed  []failed
	logs    []string
	metrics map[string]float64
}

// record is a record that is given, or wanted.
type record struct {
	Value   text                       `json:"value"`
	Key     text                       `json:"key"`
	Time    instant                    `json:"time"`
	Offset  int64                      `json:"offset"`
	Headers *headers                   `json:"headers"`
	Port    *string                    `json:"port"`
	Row     *int                       `json:"row"`
	Columns map[string]json.RawMessage `json:"columns"`
	Repeat  *int                       `json:"repeat"`
}

// failed is a record that fails.
type failed struct {
	Row  *int   `json:"row"`
	Code string `json:"code"`
	Msg  string `json:"msg"`
}

func (s *step) parse(src []byte, timed bool) error {
	var says struct {
		Doc     string                       `json:"doc"`
		Records []json.RawMessage            `json:"records"`
		Columns map[string][]json.RawMessage `json:"columns"`
		Keys    []json.RawMessage            `json:"keys"`
		Times   []json.RawMessage            `json:"times"`
		Advance duration                     `json:"advance"`
		End     bool                         `json:"end"`
		Restart bool                         `json:"restart"`
		Config  map[string]json.RawMessage   `json:"config"`
		Want    []json.RawMessage            `json:"want"`
		Failed  []failed                     `json:"failed"`
		Logs    []string                     `json:"logs"`
		Metrics map[string]float64           `json:"metrics"`
	}
	err := strict(src, &says)
	if s.doc = says.Doc; err != nil {
		return err
	}
	s.columns, s.advance, s.end, s.restart, s.config = says.Columns, says.Advance, says.End, says.Restart, says.Config
	s.failed, s.logs, s.metrics = says.Failed, says.Logs, says.Metrics
	things := 0
	for _, is := range []bool{says.Records != nil, says.Columns != nil, says.Advance.set, says.End, says.Restart || says.Config != nil} {
		if is {
			things++
		}
	}
	if things != 1 {
		return errors.New("a step has one of records, columns, advance, end, config and restart: write a step for each")
	}
	if s.records, err = repeated("record", says.Records); err != nil {
		return err
	}
	if says.Columns == nil && (says.Keys != nil || says.Times != nil) {
		return errors.New("keys and times are of columns: write the key and the time of a record beside its value")
	}
	keys, err := each[text]("key", says.Keys)
	if err != nil {
		return err
	}
	times, err := each[instant]("time", says.Times)
	if err != nil {
		return err
	}
	if s.rows, err = s.columnRecords(keys, times); err != nil {
		return err
	}
	if s.want, err = repeated("wanted record", says.Want); err != nil {
		return err
	}
	return s.check(timed)
}

// check finds what does not go together.
func (s *step) check(timed bool) error {
	size := 0
	for i := range s.records {
		r := &s.records[i]
		if size += r.size(); size > maxBatch {
			return fmt.Errorf("the records have more than %d bytes: divide the step", maxBatch)
		}
		if r.Port != nil || r.Row != nil || r.Columns != nil {
			return fmt.Errorf("record %d: port, row and columns are of what comes out: leave them out", i)
		}
	}
	if !timed && (someTimes(s.records) || someTimes(s.rows)) {
		return errors.New("some of the records have a time and others do not: give all of them one, or none")
	}
	for i, r := range s.want {
		if r.Offset != 0 {
			return fmt.Errorf("wanted record %d: its offset cannot be compared: leave it out", i)
		}
	}
	return nil
}

// someTimes reports whether some of the records have a time, and others do not.
func someTimes(records []record) bool {
	n := 0
	for _, r := range records {
		if r.Time.set && !r.Time.none {
			n++
		}
	}
	return n > 0 && n < len(records)
}

// columnRecords returns a record for each row of the columns, with its key and time.
func (s *step) columnRecords(keys []text, times []instant) ([]record, error) {
	n := s.columnRows()
	for name, values := range s.columns {
		if len(values) != n {
			return nil, fmt.Errorf("the columns have %d and %d values (%s): give each the same number", n, len(values), name)
		}
	}
	for _, list := range []struct {
		name string
		n    int
		left bool
	}{{"keys", len(keys), keys == nil}, {"times", len(times), times == nil}} {
		if !list.left && list.n != n {
			return nil, fmt.Errorf("there are %d %s and %d rows: give one for each row, null for none", list.n, list.name, n)
		}
	}
	if n > maxRows {
		return nil, fmt.Errorf("the columns have %d rows: there may be up to %d", n, maxRows)
	}
	rows := make([]record, n)
	for i := range rows {
		if keys != nil {
			rows[i].Key = keys[i]
		}
		if times != nil {
			rows[i].Time = times[i]
		}
	}
	return rows, nil
}

// size returns how many bytes a record has.
func (r *record) size() int {
	n := r.Value.size() + r.Key.size()
	if r.Headers != nil {
		for _, h := range *r.Headers {
			n += h.name.size() + h.value.size()
		}
	}
	return n
}

// columnRows returns how many rows the columns have.
func (s *step) columnRows() int {
	for _, values := range s.columns {
		return len(values)
	}
	return 0
}

// repeated reads records, and writes out those that are repeated.
func repeated(what string, list []json.RawMessage) ([]record, error) {
	rs, err := each[record](what, list)
	if err != nil {
		return nil, err
	}
	var all []record
	for _, r := range rs {
		n := 1
		if r.Repeat != nil {
			n = *r.Repeat
		}
		if n < 0 || n > maxRows-len(all) {
			return nil, fmt.Errorf("a record is repeated %d times: there may be up to %d records", n, maxRows)
		}
		for range n {
			all = append(all, r)
		}
	}
	return all, nil
}

// about is what the step shows, for messages.
func (s *step) about() string {
	if s.doc == "" {
		return ""
	}
	return " (" + strings.TrimSpace(short(s.doc)) + ")"
}
