// Package kafka is the bus Apache Kafka, and what speaks its protocol.
//
// Reading: the records of a topic, or of all topics of a pattern, are divided
// among the members of the group by cooperative-sticky assignment; with
// group_instance_id a member that comes back soon keeps its partitions. Each
// partition is handed over by a goroutine of its own from what is read ahead,
// which is bounded; one that is full is paused while the others go on. Records
// keep the order of their partition. What was acknowledged is committed, with
// the place where the pipeline stores its positions as the metadata. A position
// of the pipeline's own rules over what the group has committed.
//
// Writing: records are produced by an idempotent producer that waits for all
// replicas in sync, in the order of their keys, through any outage. A record is
// done when the brokers have confirmed it. Keys go on the partitions on which
// the Java client puts them; records without a key are spread. With
// transactional_id what was written becomes visible as a whole (see
// [plugins.Transactional]).
//
// # Traps that were handled
//
//   - An offset that the topic no longer has, or not yet, a topic that was made
//     anew under its old name, and a log that lost its end: reading stops and says
//     what is missing and how to go on. Nothing is skipped or read twice instead.
//   - A group that starts at the newest records commits where that is at once:
//     what is written before the first commit is not lost by a restart. Partitions
//     that are made later are read from their beginning.
//   - Records fetched before a partition was taken away are not handed over
//     after it came back.
//   - Work in flight has two thirds of rebalance_timeout to finish when a
//     partition is taken away; what has not is read again by whoever has it then.
//   - A message above the limit of the topic fails a whole batch at the broker:
//     the limit is asked for, and where that is not allowed the batch is written
//     record by record, so that only the record that is too large fails.
//   - Where a batch fails for a while, later ones are refused until it was
//     written: keys keep their order. Of one that a broker refuses for a reason
//     that the driver does not try again (UNKNOWN_SERVER_ERROR), the driver tells
//     a little later: what it was given in between may be written before.
//
// # What Kafka cannot keep apart here
//
// An empty key is written as such and goes on one partition; a missing one is
// spread. In a batch in which some records have keys, those without are written
// with an empty key, and a record without value with an empty one. When a topic
// gets more partitions, keys move to others, as with every Kafka client: the
// order of a key is kept from then on.
package kafka
