package graph

import "slices"

// Path is the way of records from a source to a sink, or all the ways where
// they part and meet again.
type Path struct {
	Source, Sink string
	Between      []string // addresses of the stages on the way, downstream
	Errors       bool     // only records that failed go this way
	Guarantee    Guarantee
	State        StateGuarantee // of what the stages on the way keep
	Weakens      []string       // why it is not better, and what it does not cover
}

// Paths returns what is promised on the way from each source to each sink it
// reaches, in the order of the graph.
func (g *Graph) Paths(t Terms) []Path {
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
			w := way{graph: g, terms: t, source: source, between: between, sink: sink}
			p.Guarantee, p.State = w.promise()
			p.Weakens = w.weakens
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
