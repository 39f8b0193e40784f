// Package modbus is a source that polls a device over Modbus TCP. It is written as the built-in kinds are: [Register] adds it to a
// registry, whether that is served by a process of its own or belongs to a program.
//
// Each poll is a record with a column for each register. Registers that stand next to each other are read by one request. What a device
// answers with an exception is null in that record, which says which register it was and why; a device that does not answer is tried again,
// and what it measured meanwhile is not made up.
package modbus
