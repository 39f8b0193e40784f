// Package redpanda runs data transforms of Redpanda: programs that ask for a batch of records, for one of them after
// the other, and write records, in an endless loop.
//
// Such a program is a coroutine here, which stands still where it asks for the next batch. Records are encoded as Kafka does, without
// their attributes: key, value and headers, with the lengths of what there is as varints.
package redpanda
