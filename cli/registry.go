package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/amqp"
	"github.com/onstream/onstream/connectors/kafka"
	memorybus "github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/connectors/mongo"
	"github.com/onstream/onstream/connectors/mqtt"
	"github.com/onstream/onstream/connectors/nats"
	"github.com/onstream/onstream/connectors/redis"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/lookups"
	"github.com/onstream/onstream/plugins/sinks"
	"github.com/onstream/onstream/plugins/sources"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/wasm"
)

// registry returns everything that is built in, and what the program adds. The sinks that write to
// standard output write to out.
func (c *cli) registry(out io.Writer) (*plugins.Registry, error) {
	return c.registryUntil(context.Background(), out)
}

// registryUntil is [cli.registry] for a program that goes on for a while after it is told to end: when ctx ends, nothing is
// built any more that its pipelines need.
func (c *cli) registryUntil(ctx context.Context, out io.Writer) (*plugins.Registry, error) {
	r := &plugins.Registry{}
	err := errors.Join(
		codec.Register(r),
		sources.Register(r, sources.Streams{In: c.stdin}),
		transforms.Register(r),
		lookups.Register(r),
		sinks.Register(r, sinks.Streams{Out: out}),
		connectors.Register(r),
		memorybus.Register(r),
		kafka.Register(r),
		mqtt.Register(r),
		nats.Register(r),
		amqp.Register(r),
		redis.Register(r),
		mongo.Register(r),
		wasm.Register(r, c.modules(ctx)),
	)
	if err != nil {
		return nil, fmt.Errorf("register built-ins: %w", err)
	}
	if c.config.Register != nil {
		if err := c.config.Register(r); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	return r, nil
}

// cacheDir returns the folder in which the program keeps what it can make again, "" where the user has none.
func cacheDir(name string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "onstream", name)
}
