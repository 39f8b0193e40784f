package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

// connection is a connection that a command makes for itself, beside the pipeline.
type connection struct {
	plugins.Connection
	kind   plugins.ConnectorKind
	config plugins.Config
	addr   string
	env    plugins.Env
}

// connect makes a connection. Who waits for an answer is told at once that the other
// side is away, whatever startup says. StateDir is what the pipeline runs with, "" for
// none.
func (c *cli) connect(made *dsl.Connection, stateDir string) (*connection, error) {
	x := &connection{kind: made.Kind, config: made.Config, addr: "connector." + made.Name}
	if x.config.Has("startup") {
		x.config = x.config.With("startup", "fail")
	}
	x.env = plugins.Env{
		Pipeline: made.Pipeline, Stage: x.addr, Now: time.Now, Pool: &plugins.Pool{},
		Logger: newLogger(c.stderr, "text", "warn").With("stage", x.addr),
	}
	if stateDir != "" {
		x.env.Dir = filepath.Join(state.Folder(stateDir, made.Pipeline), "connectors", made.Name)
	}
	var err error
	if x.Connection, err = made.Kind.New(x.config, x.env); err != nil {
		return nil, fmt.Errorf("%s: %w", x.addr, err)
	}
	return x, nil
}

// close ends the connection.
func (x *connection) close(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), busPatience)
	defer cancel()
	return errors.Join(err, x.Close(ctx))
}

// busPatience is how long an answer of a bus may take that somebody waits for.
const busPatience = 30 * time.Second
