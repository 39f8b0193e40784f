// Package bus has the buses that the harness runs pipelines over: their servers,
// which it starts, kills, freezes and cuts off, and clients that put records in and
// see what comes out. The clients use the drivers by themselves, with nothing
// of the project.
package bus
