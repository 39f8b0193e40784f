package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/runtime/graph"
)

// lostRecords are records of a test that failed in the same stage for the same
// reason.
type lostRecords struct {
	Stage   string `json:"stage"`
	Code    string `json:"code"`
	Message string `json:"message"` // of the first
	count   int64
}

// lostIn finds out what failed: from what the taps at the error outputs saw, and
// from the counts, of stages that drop what fails.
func lostIn(g *graph.Graph, seen *trial.Result, errorTaps [][]trial.Record) []lostRecords {
	var lost []lostRecords
	told := map[string]int64{}
	for _, r := range slices.Concat(errorTaps...) {
		var l lostRecords
		if json.Unmarshal(r.JSON, &l) != nil {
			continue
		}
		told[l.Stage]++
		i := slices.IndexFunc(lost, func(x lostRecords) bool { return x.Stage == l.Stage && x.Code == l.Code })
		if i < 0 {
			i, lost = len(lost), append(lost, l)
		}
		lost[i].count++
	}
	for _, s := range seen.Stats.Stages {
		if n := s.Dead - told[s.Addr]; n > 0 && g.Stage(s.Addr) != nil {
			lost = append(lost, lostRecords{Stage: s.Addr, Message: "dropped, as its on_error says", count: n})
		}
	}
	return lost
}

// lostBefore tells why nothing reached a place: what failed in its stage and in
// those before it.
func lostBefore(g *graph.Graph, at string, lost []lostRecords) []string {
	s := g.Stage(at)
	if s == nil {
		return nil
	}
	var lines []string
	for _, l := range lost {
		if l.Stage != at && !slices.Contains(g.Upstream(s), g.Stage(l.Stage)) {
			continue
		}
		why := l.Message
		if l.Code != "" {
			why = l.Code + ": " + why
		}
		lines = append(lines, fmt.Sprintf("%s failed in %s: %s", plural(int(l.count), "record"), l.Stage, why))
	}
	return lines
}
