// Command own-bus is onstream with one more kind of connector: a Watermill
// pub/sub, here the one that Watermill has for Go channels. Its pipelines have
// `connector "channel" "bus" {}` beside the kinds that are built in.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/onstream/onstream/cli"
	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

func main() { os.Exit(cli.Main(cli.Config{Name: "own-bus", Register: register})) }

// register adds the kind.
func register(r *plugins.Registry) error {
	schema := plugins.Schema{
		Doc: "Go channels: records that nobody reads yet are kept, and all of them are gone when the process ends.",
		Attrs: []plugins.Attr{
			{Name: "buffer", Type: plugins.AttrInt, Default: int64(100), Min: plugins.Bound(0), Doc: "How many records may wait for each reader."},
		},
	}
	return r.AddConnector(connectors.WatermillKind("channel", schema, open))
}

// open makes the pub/sub of a connector block.
func open(c plugins.Config, _ plugins.Env) (connectors.Watermill, error) {
	channel := gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: c.Int("buffer"), Persistent: true}, watermill.NopLogger{})
	return connectors.Watermill{
		Private:       errors.New("the channels are inside the process that runs the pipeline"),
		NewPublisher:  func() (message.Publisher, error) { return channel, nil },
		NewSubscriber: func(string) (message.Subscriber, error) { return reader{channel}, nil },
		Close:         func(context.Context) error { return channel.Close() },
	}, nil
}

// reader is what one source reads with. The end of the source closes it, and the
// channel is there for others.
type reader struct{ message.Subscriber }

// Close implements [message.Subscriber]. What is subscribed ends with its context.
func (reader) Close() error { return nil }
