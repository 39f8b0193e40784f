// Package connectors is what stages of the kind topic are made of: they read and
// write the topics of a named connection, whatever bus that is.
//
// A bus is a package of its own below this one. It offers a
// [plugins.ConnectorKind] whose connections are a [Bus]: they open a topic as a
// [plugins.Source] or a [plugins.Sink], and so have batches, positions, keys and
// headers. [Fields] and what goes with it are the attributes that all of
// them have in common, and [ParseTopic] is how topics are named.
//
// Any Watermill publisher and subscriber is made a bus by [FromWatermill], and a
// kind of connector by [WatermillKind]; any bus of ours is offered as a Watermill publisher and
// subscriber by [NewPublisher] and [NewSubscriber]. Both are for what is there: a message
// costs some allocations and a goroutine, where a record in a batch costs none.
package connectors
