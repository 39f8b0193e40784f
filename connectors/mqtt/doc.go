// Package mqtt is the bus MQTT, of version 5 or 3.1.1: a broker elsewhere, or one of
// onstream's own to which devices connect.
//
// # A broker elsewhere
//
// Each source has a client with a session that the broker keeps while the source is
// away. Messages with QoS 1 and 2 are acknowledged, in order, when the pipeline has
// them safe; how many may wait is the client's Receive Maximum, and a connection whose
// messages nobody takes is not read: that is the back-pressure. All sinks share a
// client, which keeps the records that are not confirmed, and sends them again in order
// over the next connection. Connections are made again without end.
//
// The packets of which there is one for each record are read and written here, with no
// allocation; the others by the codecs of paho, the drivers of which are not used: see
// docs/RATIONALE.md.
//
// # An embedded broker
//
// A device's message with QoS 1 is acknowledged when all sources that read it have it safe:
// with a state directory, when it is in their spools. A device may have many under way, and its
// acknowledgements go out together. While the pipeline is full they wait, and messages with
// QoS 0 are dropped and counted. Messages with QoS 2 of a device go one by one. A message for
// a source that was made and does not run yet waits for it, as over a reload.
//
// Devices can also read what others and sinks publish, but the broker keeps that in memory
// only, drops it for a device that is more than 1,024 messages behind, and does not promise its
// order to one that was away: it is for commands, not for logs. Sessions and retained messages
// end with the process.
//
// What is kept is bounded: the number of sessions, what waits for one and for all, and what is
// retained. A device whose message asks for more is told, or cut off before MQTT 5. But what a
// source reads is not refused because a device that reads it, too, is away, and a sink does not
// wait for such a device: for those the message is dropped, counted and warned of.
//
// # Traps that were handled
//
//   - MQTT has no way to refuse a message: where the pipeline did not finish one, the connection is
//     given up, and the broker, or the device, sends all that is not acknowledged again.
//   - A broker sends again what was not acknowledged when a connection broke. What is still
//     worked on then is recognised by its packet id and not handed over twice; its
//     acknowledgement goes out over the new connection.
//   - A session is of one group and one topic, so that no message of a former subscription waits
//     in it. That a broker has lost a session is logged.
//   - Before MQTT 5, retained messages come with each subscription: they are taken only
//     where there was no session.
//   - The driver acknowledges a message with a topic alias that stands for nothing, asks who may
//     publish before it looks the alias up, and does not answer what is published to $SYS. All
//     that is looked at before it gets the packet.
//   - To the driver, the ids of what goes to a device and of what comes from it are the same
//     ones, and what is above a device's Receive Maximum is forgotten once it is sent. What comes
//     with QoS 1 and 2 is worked on before the driver gets it, and what a device does not take
//     yet is held back where bytes are written.
//   - A record that makes a broker end the connection would be sent again for ever. After some
//     connections without progress records go one at a time, and the guilty one goes to the
//     error output. Before MQTT 5, when no broker says why, that takes more attempts.
//   - A broker that refuses a record for a while gets all that is behind it again, too: keys keep
//     their order.
//   - A connection that says nothing for half as long again as keep_alive is given up, but
//     not while it is the pipeline that does not read.
//
// # What MQTT cannot do
//
// There are no partitions, no positions and no past but retained messages. The # of a pattern
// stands for one level at least here, as on other buses. Keys are the user property Onstream-Key.
// Before MQTT 5 there are neither keys nor headers, and a broker does not tell which records it
// refuses. Brokers drop what waits for a session beyond bounds of their own (max_queued_messages
// of Mosquitto: 1,000), without a word. With share_name, records have no order.
package mqtt
