// Package amqp is the bus AMQP 0-9-1, as RabbitMQ speaks it.
//
// A topic is a routing key at an exchange. A source reads a queue of its own, which is made
// for the group and the topic and bound with it, so that groups get everything each, and
// members of one divide it. By default one member at a time gets the records
// (x-single-active-consumer), because dealt out to several they would have no order. What is
// published before there is a queue is in none: a sink sends such records, which the server
// returns, to its error output, unless mandatory is false.
//
// Reading: prefetch_count records may be without acknowledgement; they are acknowledged
// up to the first that is not finished (basic.ack, multiple). A queue cannot be read from a
// position, so the engine keeps the records in its spool where the pipeline has a state
// directory, and acknowledges them when they are there. What was handed over when the source
// ends has two seconds to be acknowledged before the next reader gets it.
//
// Writing: records are persistent, and published without waiting, max_inflight at a time; one is
// written when the server has confirmed it (publisher confirms).
//
// # Traps that were handled
//
//   - basic.nack and requeue would bring one record back behind others. What was not finished is
//     brought back by closing the channel instead: the server then puts everything
//     that was not acknowledged back where it was, in order. To cancel the consumer
//     before would let another one begin with later records.
//   - When the channel of a sink is lost, all that waits for its confirmation has failed, and
//     later writes are refused until it was written again: keys keep their order. What the
//     server had is then there twice.
//   - A record that is too large makes the server close the channel, with all that is on its way.
//     Its limit is learned from that, and from then on such a record fails alone.
//   - Returned records say only their content. They are told apart by their order, in which the
//     server returns them before it confirms them.
//   - A server that is short of memory or disk stops reading from those that publish. Sources
//     have a connection of their own, and sinks wait until it says that it goes on.
//   - A server that goes down while somebody connects looks as if it refused the user: RabbitMQ hangs up
//     without a word for wrong credentials. That counts until the first connection has worked, and passes
//     for an outage afterwards, so that no record is given up for it.
//   - A queue that is deleted while it is read is not made again silently: what was in it is
//     lost, and reading stops with an error that says so.
//   - The driver flushes every message: writes are gathered while one is under way.
//   - Headers are a table: each name once, in no order. A name that repeats has a list of
//     values, and Onstream-Headers tells the order where it is not that of the names. The
//     headers CC and BCC, which make the server send a record elsewhere, are not passed on.
//
// # What is not promised
//
// Records have no offsets, and the time of a record, in seconds, is what its publisher says. The
// server's consumer_timeout (30 minutes) bounds how long a record may be worked on: then it comes
// again. Without a state directory, a source reads prefetch_count records for each
// flush of its sinks. What is read ahead is bounded in records, not in bytes, because the protocol
// counts records.
package amqp
