package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/runtime/graph"
)

// story is what became of samples, stage by stage.
type story struct {
	graph *graph.Graph
	// passed are the records at an output (or, for a sink, its input), by
	// sample.
	passed map[trial.Tap][][]json.RawMessage
	// failed are the records that failed at a stage, by address and sample.
	failed map[string]map[int][]failedRecord
}

// failedRecord is what of a record on an error output is to be shown.
type failedRecord struct {
	Stage      string `json:"stage"`
	Code       string `json:"code"`
	Message    string `json:"message"`
	Expression string `json:"expression,omitempty"`
}

func newStory(g *graph.Graph, taps []trial.Tap, seen *trial.Result) *story {
	s := &story{g, map[trial.Tap][][]json.RawMessage{}, map[string]map[int][]failedRecord{}}
	for i, tap := range taps {
		for _, r := range seen.Taps[i] {
			if tap.At == graph.Errors || tap.Output == graph.Errors {
				s.addFailure(r)
				continue
			}
			for len(s.passed[tap]) <= r.Step {
				s.passed[tap] = append(s.passed[tap], nil)
			}
			s.passed[tap][r.Step] = append(s.passed[tap][r.Step], r.Text())
		}
	}
	return s
}

func (s *story) addFailure(r trial.Record) {
	var f failedRecord
	if err := json.Unmarshal(r.JSON, &f); err != nil {
		return
	}
	if s.failed[f.Stage] == nil {
		s.failed[f.Stage] = map[int][]failedRecord{}
	}
	s.failed[f.Stage][r.Step] = append(s.failed[f.Stage][r.Step], f)
}

func (s *story) at(tap trial.Tap, sample int) []json.RawMessage {
	if by := s.passed[tap]; sample < len(by) {
		return by[sample]
	}
	return nil
}

// visit is what one stage did with what became of one sample.
type visit struct {
	Stage   string                       `json:"stage"`
	Role    graph.Role                   `json:"role"`
	Kind    string                       `json:"kind"`
	Before  []json.RawMessage            `json:"before,omitempty"`
	After   map[string][]json.RawMessage `json:"after,omitempty"` // by output
	Failed  []failedRecord               `json:"failed,omitempty"`
	outputs []string                     // the names in After, in order
}

// visits tells of the stages that a sample reached, downstream.
func (s *story) visits(sample int) []visit {
	var all []visit
	for _, st := range s.graph.Downstream() {
		v := visit{Stage: st.Addr(), Role: st.Role, Kind: st.Kind, Failed: s.failed[st.Addr()][sample]}
		if st.Role == graph.Sink {
			v.Before = s.at(trial.Tap{At: st.Addr()}, sample)
		} else {
			for _, in := range st.Inputs {
				v.Before = append(v.Before, s.at(trial.Tap{At: in.From, Output: in.Output}, sample)...)
			}
		}
		for _, o := range st.Outputs {
			if records := s.at(trial.Tap{At: st.Addr(), Output: o.Name}, sample); records != nil {
				if v.After == nil {
					v.After = map[string][]json.RawMessage{}
				}
				v.After[o.Name] = records
				v.outputs = append(v.outputs, o.Name)
			}
		}
		if v.Before != nil || v.After != nil || v.Failed != nil {
			all = append(all, v)
		}
	}
	return all
}

// write tells the story to people.
func (s *story) write(w io.Writer, samples []sample) {
	for i, sample := range samples {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "sample %d  %s\n", i+1, sample.text)
		for _, v := range s.visits(i) {
			v.write(w)
		}
	}
}

func (v visit) write(w io.Writer) {
	fmt.Fprintf(w, "  %s (%s)\n", v.Stage, v.Kind)
	for _, r := range v.Before {
		fmt.Fprintf(w, "    before     %s\n", r)
	}
	for _, name := range v.outputs {
		label := "after"
		if name != "" {
			label = name
		}
		for _, r := range v.After[name] {
			fmt.Fprintf(w, "    %-9s  %s\n", label, r)
		}
	}
	for _, f := range v.Failed {
		fmt.Fprintf(w, "    failed     %s: %s", f.Code, f.Message)
		if f.Expression != "" {
			fmt.Fprintf(w, " (%s)", f.Expression)
		}
		fmt.Fprintln(w)
	}
	if v.Before != nil && v.After == nil && v.Failed == nil && v.Role != graph.Sink {
		fmt.Fprintf(w, "    after      nothing\n")
	}
}

// told is the story of one sample for a program.
type told struct {
	Sample any     `json:"sample"` // a string where it is not JSON
	Stages []visit `json:"stages"`
}

func (s *story) json(samples []sample) []told {
	all := make([]told, len(samples))
	for i, sample := range samples {
		all[i] = told{string(sample.text), s.visits(i)}
		if json.Valid(sample.text) {
			all[i].Sample = json.RawMessage(sample.text)
		}
	}
	return all
}
