package main

import (
	"github.com/onstream/onstream/chaos/bus"
)

// busScenarios returns those of all buses, in the order in which they run.
func busScenarios() []scenario {
	var all []scenario
	for _, k := range bus.Kinds() {
		all = append(all, engineOver(k)...)
		if k.Launch != nil {
			all = append(all, serverOf(k)...)
		}
		if k.Cuts || k.Relayed {
			all = append(all, over(k, scenario{fault: "cut", doc: "connections to the server are cut", cycles: 20, inject: cutConnections, relayed: k.Relayed},
				shortOf(k, map[string]int{"mqtt": 3})))
		}
		if k.Shares {
			all = append(all, groupOver(k)...)
		}
		if k.Transactions {
			all = append(all, exactOver(k)...)
		}
	}
	return all
}

// over makes a scenario one of a bus. How often faults come in a short run depends on
// the bus, so that it has some of each and not all of all.
func over(k bus.Kind, s scenario, short int) scenario {
	s.fault = k.Name + "-" + s.fault
	s.over, s.absent, s.short = &k, k.Absent, short
	if s.stages == "" {
		s.stages = plain
		if k.Redelivers || s.work.copies > 0 {
			s.stages = dedupe
		}
	}
	if s.source == "" {
		s.source = byTopic
	}
	s.sink = byTopic
	if s.work.keys == 0 {
		s.work.keys = 16
	}
	return s
}

// shortOf returns how often a fault comes in a short run over one of the buses.
func shortOf(k bus.Kind, cycles map[string]int) int { return cycles[k.Name] }

func engineOver(k bus.Kind) []scenario {
	return []scenario{
		over(k, scenario{fault: "kill9", doc: "kill -9 of the engine at random moments, from topic to topic", cycles: 40, inject: killAtRandom},
			shortOf(k, map[string]int{"kafka": 3, "nats-embedded": 3})),
		over(k, scenario{fault: "duplicates", doc: "30 % of the records come twice, and kill -9", work: workload{copies: 0.3}, cycles: 10, inject: killAtRandom}, 0),
	}
}

func serverOf(k bus.Kind) []scenario {
	source := byAside
	if k.Spools {
		source = bySpool
	}
	return []scenario{
		over(k, scenario{fault: "restart", doc: "the server is restarted", cycles: 12, inject: restartServer(false)}, 0),
		over(k, scenario{fault: "serverkill", doc: "the server is killed with kill -9", cycles: 20, inject: restartServer(true), declared: lost(k)},
			shortOf(k, map[string]int{"nats": 3})),
		over(k, scenario{fault: "stall", doc: "the server that sinks write to stands still (-stall): the source stops, and memory does not grow", design: design{source: source}, work: workload{pad: 4000}, cycles: 1, inject: stallSinks},
			shortOf(k, map[string]int{"nats": 1})),
		over(k, scenario{fault: "freeze", doc: "the server stands still for up to 1.7 s: connections are half open", cycles: 8, inject: freezeServer}, 0),
	}
}

// lost is what a server that is killed does not promise.
func lost(k bus.Kind) map[gate]string {
	switch {
	case k.Loses != "":
		return map[gate]string{gateLost: k.Loses, gateState: k.Loses, gateLiveness: k.Loses, gateRecovery: k.Loses}
	case k.Forgets != "":
		return map[gate]string{gateState: k.Forgets, gateDup: k.Forgets}
	}
	return nil
}

func groupOver(k bus.Kind) []scenario {
	// So many that a checkpoint does not have something new of each: two that are mixed up do not make a whole.
	many := workload{keys: 500}
	return []scenario{
		over(k, scenario{fault: "takeover", doc: "one of two engines of a group is killed: partitions and state go to the other", design: design{source: byKeyed, stages: shared}, cycles: 15, inject: takeOver},
			shortOf(k, map[string]int{"kafka": 2, "nats": 2})),
		over(k, scenario{fault: "zombie", doc: "one of two engines stands still until the other has its partitions, and goes on", design: design{source: byKeyed, stages: shared}, work: many, cycles: 8, inject: wakeZombie}, 0),
		over(k, scenario{fault: "zombie-commit", doc: "the same, between what it has read and its commit; the other is killed before it wakes up", design: design{source: byKeyed, stages: shared}, work: workload{keys: 800}, cycles: 4, inject: commitOfZombie}, 0),
		over(k, scenario{fault: "rebalance", doc: "a second engine comes and goes", design: design{source: byKeyed, stages: shared}, cycles: 100, inject: rebalance}, 0),
	}
}

func exactOver(k bus.Kind) []scenario {
	all := []scenario{
		over(k, scenario{fault: "exact", doc: "transactions from topic to topic, and kill -9: nothing comes twice", design: design{stages: exact}, cycles: 30, inject: killAtRandom}, 0),
		over(k, scenario{fault: "exact-failpoint", doc: "the same, killed at each step of a checkpoint and of its transaction", design: design{stages: exact}, cycles: 24, inject: killAtPoint},
			shortOf(k, map[string]int{"kafka": 8})),
	}
	if k.Launch != nil {
		d, declared := design{stages: exact}, map[gate]string(nil)
		if k.Forgets != "" {
			d.source = byAside // where the sender's server stays
			declared = map[gate]string{gateDup: k.Forgets}
		}
		all = append(all, over(k, scenario{fault: "exact-serverkill", doc: "transactions, and the server that they are written to is killed with kill -9", design: d, cycles: 10, inject: restartServer(true), declared: declared},
			shortOf(k, map[string]int{"kafka": 3})))
	}
	return all
}
