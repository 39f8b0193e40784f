// Package opcua is a source that subscribes to nodes of an OPC UA server. It is written as the built-in kinds are: [Register] adds it to a
// registry, whether that is served by a process of its own or belongs to a program.
//
// Each change of a node is a record. A notification of the server is acknowledged when the engine has taken its records. What may have been
// missed is told: the first record of a node behind an outage, and one behind which the server's queue ran over, say so in their gap.
//
// The library publishes on its own and keeps to itself that nothing comes any more, so this package sends the requests of a subscription
// itself (session.go).
package opcua
