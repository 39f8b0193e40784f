// Package wire turns what the contracts of [plugins] have into messages of package pb and back. A function From... makes a message; a
// function To... makes something of a message that came from the other process, and checks all of it: what it returns is as safe to use
// as if it had been made here, and an error says what is wrong with the message.
//
// Batches are dense: only rows that are alive are in a message, numbered anew, and what stands in columns where a row is null or not alive never
// leaves the process.
package wire
