package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

// summarize prints what became of every record, if that is wanted.
func (s *supervisor) summarize() error {
	for _, j := range s.jobs {
		st := j.engine().Stats()
		switch {
		case st.Pipeline == "": // it has not started
		case s.flags.output.value == "json":
			enc := json.NewEncoder(s.talk)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(newSummaryJSON(st, s.took)); err != nil {
				return fmt.Errorf("write summary: %w", err)
			}
		case s.flags.summary:
			if err := s.table(st); err != nil {
				return fmt.Errorf("write summary: %w", err)
			}
		}
	}
	return nil
}

func (s *supervisor) table(st runtime.Stats) error {
	read := recordsRead(st)
	noun := "records"
	if read == 1 {
		noun = "record"
	}
	fmt.Fprintf(s.talk, "\n%s: %s %s in %s", st.Pipeline, count(read), noun, s.took.Round(time.Millisecond))
	if seconds := s.took.Seconds(); seconds > 0 && read > 0 {
		fmt.Fprintf(s.talk, ", %s records/s", count(int64(float64(read)/seconds)))
	}
	fmt.Fprint(s.talk, "\n\n")
	w := tabwriter.NewWriter(s.talk, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "in\tmade\tout\tfiltered\tdead\theld\t  stage")
	var unequal, unwritten []string
	for _, x := range st.Stages {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t  %s\n",
			count(x.In), count(x.Made), count(x.Out), count(x.Filtered), count(x.Dead), count(x.Held), x.Addr)
		if !x.Balanced() {
			unequal = append(unequal, x.Addr)
		}
		if x.Held > 0 {
			unwritten = append(unwritten, count(x.Held)+" at "+x.Addr)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if unequal != nil {
		fmt.Fprintf(s.talk, "\nnot every record is accounted for, see %v: this is a defect of onstream\n", unequal)
		return nil
	}
	fmt.Fprintln(s.talk, "\nevery record is accounted for: in + made = out + filtered + dead + held")
	if unwritten != nil {
		fmt.Fprintf(s.talk, "but not every one is written, some were still held at the end: %s\n", strings.Join(unwritten, ", "))
	}
	return nil
}

func recordsRead(st runtime.Stats) int64 {
	var n int64
	for _, x := range st.Stages {
		if x.Role == graph.Source {
			n += x.In + x.Made
		}
	}
	return n
}

// count writes a number with its thousands apart.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// summaryJSON is a summary for a program.
type summaryJSON struct {
	Pipeline string             `json:"pipeline"`
	Seconds  float64            `json:"seconds"`
	Balanced bool               `json:"balanced"`
	Stages   []stageSummaryJSON `json:"stages"`
}

type stageSummaryJSON struct {
	Addr      string     `json:"addr"`
	Role      graph.Role `json:"role"`
	Kind      string     `json:"kind"`
	In        int64      `json:"in"`
	Made      int64      `json:"made"`
	Out       int64      `json:"out"`
	Filtered  int64      `json:"filtered"`
	Dead      int64      `json:"dead"`
	Held      int64      `json:"held"`
	Retries   int64      `json:"retries,omitempty"`
	LastError string     `json:"last_error,omitempty"`
}

func newSummaryJSON(st runtime.Stats, took time.Duration) summaryJSON {
	out := summaryJSON{Pipeline: st.Pipeline, Seconds: took.Seconds(), Balanced: true, Stages: []stageSummaryJSON{}}
	for _, x := range st.Stages {
		out.Balanced = out.Balanced && x.Balanced()
		out.Stages = append(out.Stages, stageSummaryJSON{
			Addr: x.Addr, Role: x.Role, Kind: x.Kind,
			In: x.In, Made: x.Made, Out: x.Out, Filtered: x.Filtered, Dead: x.Dead, Held: x.Held,
			Retries: x.Retries, LastError: x.LastError,
		})
	}
	return out
}
