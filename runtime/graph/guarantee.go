package graph

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// Guarantee is what is promised about each record of a path.
type Guarantee string

// The guarantees, from weak to strong.
const (
	AtMostOnce      Guarantee = "at_most_once"     // a crash may lose records
	AtLeastOnce     Guarantee = "at_least_once"    // a crash may repeat records
	EffectivelyOnce Guarantee = "effectively_once" // repeats have no effect
	ExactlyOnce     Guarantee = "exactly_once"     // no repeats for readers of committed records
)

// Guarantees lists the guarantees from weak to strong.
func Guarantees() []Guarantee {
	return []Guarantee{AtMostOnce, AtLeastOnce, EffectivelyOnce, ExactlyOnce}
}

// Path is the way of records from a source to a sink, or all the ways where
// they part and meet again.
type Path struct {
	Source, Sink string
	Between      []string // addresses of the stages on the way, downstream
	Errors       bool     // only records that failed go this way
	Guarantee    Guarantee
	Weakens      []string // why it is not better, and what it does not cover
}

// Paths returns what is promised on the way from each source to each sink it
// reaches, in the order of the graph.
//
// Positions are not stored yet. After a crash a source that can be read again
// is read from its start, which repeats everything: at least once. What has no
// effect when written again is then there once. A source that cannot be read
// again loses what was on the way.
func (g *Graph) Paths(capabilities func(*Stage) plugins.Capabilities) []Path {
	var paths []Path
	for _, source := range g.Stages {
		if source.Role != Source {
			continue
		}
		whole, failed := g.reach(source)
		for _, sink := range g.Stages {
			if sink.Role != Sink || !whole[sink] && !failed[sink] {
				continue
			}
			p := Path{Source: source.Addr(), Sink: sink.Addr(), Errors: !whole[sink]}
			onWay := whole
			if p.Errors {
				onWay = failed
			}
			between := g.between(source, sink, onWay)
			for _, s := range between {
				p.Between = append(p.Between, s.Addr())
			}
			p.Guarantee, p.Weakens = g.promise(source, between, sink, capabilities)
			paths = append(paths, p)
		}
	}
	return paths
}

// reach returns the stages downstream of a source: those its records reach,
// and those that are reached when what fails is followed as well.
func (g *Graph) reach(source *Stage) (whole, failed map[*Stage]bool) {
	whole, failed = map[*Stage]bool{}, map[*Stage]bool{}
	var visit func(s *Stage, seen map[*Stage]bool, errors bool)
	visit = func(s *Stage, seen map[*Stage]bool, errors bool) {
		if seen[s] {
			return
		}
		seen[s] = true
		for _, o := range s.Outputs {
			for _, e := range g.Consumers(s.Addr(), o.Name) {
				visit(e.To, seen, errors)
			}
		}
		if errors {
			for _, e := range g.Consumers(s.Addr(), Errors) {
				visit(e.To, seen, errors)
			}
		}
	}
	visit(source, whole, false)
	visit(source, failed, true)
	return whole, failed
}

// between returns those of the stages on the way that lead to the sink, in
// the order of the records.
func (g *Graph) between(source, sink *Stage, onWay map[*Stage]bool) []*Stage {
	leads := map[*Stage]bool{sink: true}
	order := g.Downstream()
	for _, s := range slices.Backward(order) {
		outputs := []string{Errors}
		for _, o := range s.Outputs {
			outputs = append(outputs, o.Name)
		}
		for _, o := range outputs {
			for _, e := range g.Consumers(s.Addr(), o) {
				leads[s] = leads[s] || leads[e.To] && onWay[e.To]
			}
		}
	}
	var stages []*Stage
	for _, s := range order {
		if onWay[s] && leads[s] && s != source && s != sink {
			stages = append(stages, s)
		}
	}
	return stages
}

func (g *Graph) promise(source *Stage, between []*Stage, sink *Stage, capabilities func(*Stage) plugins.Capabilities) (Guarantee, []string) {
	in, out := capabilities(source), capabilities(sink)
	var weakens []string
	note := func(format string, args ...any) { weakens = append(weakens, fmt.Sprintf(format, args...)) }
	guarantee := AtLeastOnce
	switch again := in.Redelivers || in.Seekable; {
	case !again:
		guarantee = AtMostOnce
		if in.Weakens == "" {
			note("%s cannot be read again: a crash loses what is on the way", source.Addr())
		}
	case out.Idempotent:
		guarantee = EffectivelyOnce
	case in.Redelivers:
		note("after a crash what %s had not acknowledged comes again, and %s writes it again", source.Addr(), sink.Addr())
	default:
		note("positions are not stored yet: after a crash %s is read from its start, and %s writes everything again", source.Addr(), sink.Addr())
	}
	for _, s := range slices.Concat([]*Stage{source}, between, []*Stage{sink}) {
		if s.OnError == Drop {
			note("%s drops records that fail", s.Addr())
		}
	}
	if sink.Retry.Max > 0 && len(g.Consumers(sink.Addr(), Errors)) == 0 && sink.OnError != Fail {
		guarantee = AtMostOnce
		note("%s gives up after %d retries and nobody takes its errors", sink.Addr(), sink.Retry.Max)
	}
	for _, c := range []plugins.Capabilities{in, out} {
		if c.Weakens != "" {
			note("%s", c.Weakens)
		}
	}
	return guarantee, weakens
}
