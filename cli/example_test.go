package cli_test

import (
	"os"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/onstream/onstream/cli"
	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// A program in which pipelines may write `connector "channel" "bus" {}`, and write
// topics over it. See examples/own-bus for one that reads them, too.
func ExampleMain() {
	open := func(plugins.Config, plugins.Env) (connectors.Watermill, error) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
		return connectors.Watermill{NewPublisher: func() (message.Publisher, error) { return channel, nil }}, nil
	}
	os.Exit(cli.Main(cli.Config{
		Version: "1.0",
		Register: func(r *plugins.Registry) error {
			return r.AddConnector(connectors.WatermillKind("channel", plugins.Schema{}, open))
		},
	}))
}
