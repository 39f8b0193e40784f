package main

import "github.com/onstream/onstream/chaos/bus"

// storeScenarios are those of a database that is written to by keys: what is written again is there once.
func storeScenarios() []scenario {
	k := bus.Mongo()
	over := scenario{design: design{byFile, plain, byStore}, work: workload{keys: 16}, pace: 500, over: &k, absent: k.Absent}
	kill, restart, server := over, over, over
	kill.fault, kill.doc, kill.cycles, kill.inject = "mongo-kill9", "kill -9 of the engine, which puts documents into collections by their keys: nothing is there twice", 30, killAtRandom
	restart.fault, restart.doc, restart.cycles, restart.inject = "mongo-restart", "the database is restarted", 10, restartServer(false)
	server.fault, server.doc, server.cycles, server.inject = "mongo-serverkill", "the database is killed with kill -9", 15, restartServer(true)
	return []scenario{kill, restart, server}
}
