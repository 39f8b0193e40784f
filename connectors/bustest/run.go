package bustest

import (
	"fmt"
	"testing"

	"github.com/onstream/onstream/connectors"
)

// check is the test of one capability.
type check struct {
	name string
	says string // what is proved, for the table in the documentation
	// declared reports whether the bus says that it can do it.
	declared func(*rig) bool
	// lacks says what the test would need that is not there, "" for nothing.
	lacks func(*rig) string
	run   func(*testing.T, *rig)
	alone bool // not beside the others: it stops the server
}

func always(*rig) bool { return true }

func redelivers(g *rig) bool { return g.reads.Redelivers }

func rewinds(g *rig) bool { return g.reads.Redelivers && (g.Features.Rewinds || g.Features.Groups) }

func groups(g *rig) bool { return g.Features.Groups }

func seekable(g *rig) bool { return g.reads.Seekable }

func shares(g *rig) bool { return g.reads.Shares && g.Features.Partitions > 1 }

// socket says what is missing to test connections.
func socket(g *rig) string {
	if g.Addr == "" {
		return "a server behind a socket"
	}
	return ""
}

func checks() []check {
	return []check{
		{name: "delivery", says: "what was written is read, byte for byte and in order", declared: always, run: delivery},
		{name: "keys", says: "records keep their keys, and those of a key are on one partition", declared: func(g *rig) bool { return g.Features.Keys }, run: keys},
		{name: "headers", says: "records keep their headers, in order", declared: func(g *rig) bool { return g.Features.Headers }, run: headers},
		{name: "duplicate_headers", says: "names of headers may repeat", declared: func(g *rig) bool { return g.Features.DuplicateHeaders }, run: duplicateHeaders},
		{name: "binary_headers", says: "headers may be any bytes", declared: func(g *rig) bool { return g.Features.BinaryHeaders }, run: binaryHeaders},
		{name: "times", says: "records tell when they were written", declared: func(g *rig) bool { return g.Features.Times }, run: times},
		{name: "partitions", says: "all partitions are used, each in order, and one that is held up holds up no other", declared: func(g *rig) bool { return g.Features.Partitions > 1 }, run: partitions},
		{name: "patterns", says: "a source reads all topics that match, and each record tells its own", declared: func(g *rig) bool { return g.Features.Patterns }, run: patterns},
		{name: "topics_of_records", says: "a sink writes each record to its own topic", declared: always, run: topicsOfRecords},
		{name: "window", says: "many records may wait for their acknowledgement at once", declared: func(g *rig) bool { return g.Features.Window > 1 }, run: window},
		{name: "slow_acks", says: "late acknowledgements do not slow the source down, nor bring records twice", declared: func(g *rig) bool { return g.Features.Window > 1 }, run: slowAcks},
		{name: "ack_wait", says: "records that are worked on for longer than the server's patience do not come twice", declared: func(g *rig) bool { return g.Features.AckWait > 0 }, run: ackWait},
		{name: "order_after_nack", says: "what was not finished comes again, and all after it, in order", declared: rewinds, run: orderAfterNack},
		{name: "groups", says: "what a group has acknowledged does not come to it again; another group gets everything", declared: groups, run: ownGroups},
		{name: "no_loss_over_close", says: "what was not acknowledged when a source was closed comes to the next", declared: groups, run: noLossOverClose},
		{name: "back_pressure", says: "a source stops reading while nothing is taken from it", declared: always, run: backPressure},
		{name: "dead_letter", says: "a record that is too large is refused alone, its neighbours are written", declared: func(g *rig) bool { return g.Features.TooLarge > 0 }, run: deadLetter},
		{name: "poison", says: "what cannot be a record does not stop the source", declared: func(g *rig) bool { return g.Poison != nil }, run: poison},
		{name: "offsets", says: "offsets grow within a partition", declared: seekable, run: offsets},
		{name: "seek", says: "a source goes on exactly behind the position of a checkpoint, whatever the group has committed", declared: seekable, run: seek},
		{name: "earliest", says: "a new group may begin with the oldest record", declared: starts(connectors.StartEarliest), run: startEarliest},
		{name: "latest", says: "a new group may begin with the next record", declared: starts(connectors.StartLatest), run: startLatest},
		{name: "timestamp", says: "a new group may begin with the first record since a time", declared: starts(connectors.StartTimestamp), run: startTimestamp},
		{name: "committed", says: "a group may insist on going on where it stands", declared: starts(connectors.StartCommitted), run: startCommitted},
		{name: "rebalance", says: "members of a group divide the partitions, and nothing is lost or comes twice when they come and go in order", declared: shares, run: rebalance},
		{name: "handoff", says: "a partition goes to another member only when all of it is acknowledged, and its position is told", declared: shares, run: handoff},
		{name: "stuck_member", says: "a member whose sink does not answer, or that is busy, gives partitions up in limited time, and what it has not finished comes to the others", declared: shares, run: stuckMember},
		{name: "takeover", says: "what a member leaves unfinished comes to the others", declared: shares, run: takeover},
		{name: "state_log", says: "members of a group leave state to each other, in one order for all", declared: keepsState, run: stateLog},
		{name: "browse", says: "one can look at a topic beside all groups, and list the topics", declared: func(g *rig) bool { return g.Features.Browse }, run: browse},
		{name: "reconnect", says: "nothing is lost and the order of keys kept while connections are cut", declared: redelivers, lacks: socket, run: reconnect},
		{name: "stall", says: "nothing is lost when a connection says nothing for a while, and is cut then", declared: redelivers, lacks: socket, run: stall},
		{name: "kill", says: "what a reader held whose connection broke for good comes to the next of the group", declared: groups, lacks: socket, run: kill},
		{name: "absent_at_start", says: "a bus that is not there yet is waited for", declared: always, lacks: socket, run: absentAtStart},
		{name: "stops_without_server", says: "a source and a sink end in time when the bus is gone", declared: always, lacks: socket, run: stopsWithoutServer},
		{name: "status", says: "a connection knows how it is", declared: always, lacks: socket, run: status},
		{name: "server_restart", says: "what was confirmed survives a restart of the server", declared: func(g *rig) bool { return g.Features.Durable }, lacks: func(g *rig) string { return unless(g.Restart != nil, "a server that can be restarted") }, run: serverRestart, alone: true},
		{name: "server_kill", says: "what was confirmed survives kill -9 of the server", declared: func(g *rig) bool { return g.Features.Crashproof }, lacks: func(g *rig) string { return unless(g.Kill != nil, "a server that can be killed") }, run: serverKill, alone: true},
	}
}

func unless(there bool, what string) string {
	if there {
		return ""
	}
	return what
}

// Capability is a line of the table of what buses declare and have proved.
type Capability struct{ Name, Says string }

// Capabilities lists what is tested, in the order of the table.
func Capabilities() []Capability {
	var all []Capability
	for _, c := range checks() {
		all = append(all, Capability{c.name, c.says})
	}
	return all
}

// Run tests a bus. Each capability is a test of its own; those the bus does not declare are
// left out.
func Run(t *testing.T, bus Bus) {
	g := newRig(t, bus)
	t.Run("beside", func(t *testing.T) {
		for _, c := range checks() {
			if c.alone {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				g.check(t, c)
			})
		}
	})
	for _, c := range checks() {
		if c.alone {
			t.Run(c.name, func(t *testing.T) { g.check(t, c) })
		}
	}
}

// check runs one test and logs what came of it.
func (g *rig) check(t *testing.T, c check) {
	declared, verdict := "yes", "skipped"
	t.Cleanup(func() {
		if t.Failed() {
			verdict = "failed"
		}
		fmt.Fprintf(t.Output(), "CONFORMANCE bus=%s server=%q capability=%s declared=%s verdict=%s\n", g.Kind, g.Server, c.name, declared, verdict)
	})
	if !c.declared(g) {
		declared, verdict = "no", "undeclared"
		t.Skip("the bus does not declare it")
	}
	if c.lacks != nil {
		if what := c.lacks(g); what != "" {
			t.Skipf("it takes %s", what)
		}
	}
	c.run(t, g)
	if !t.Skipped() {
		verdict = "proved"
	}
}
