package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/state"
)

func newTopic(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "topic",
		Short:   "Look into a bus, and write to it",
		GroupID: groupRun,
		Long: `Look at the topics of a bus, whatever bus it is. Of the pipeline's FILEs, or
directories, only the connector that --via names is taken, with the variables and
secrets in it; nothing else has to be there, or right. Without FILE they are those
of the current directory.

Nothing that reads the bus is disturbed: no group is joined, and nothing is
acknowledged. A bus that cannot be reached is an error at once, whatever startup
says.

A server inside another process (embedded) can be reached where it listens: name it
in a connector of its own, with servers or url. What it has stored can be looked at with
--state while the pipeline is stopped.`,
	}
	cmd.AddCommand(newTopicList(c), newTopicTail(c), newTopicProduce(c))
	return cmd
}

// topicFlags are the flags that all commands about topics have.
type topicFlags struct {
	via, state string
	values     *values
}

func addTopicFlags(c *cli, cmd *cobra.Command) *topicFlags {
	f := &topicFlags{values: addValues(cmd)}
	cmd.Flags().StringVar(&f.via, "via", "", "the connection, such as `connector.bus`")
	state, _ := c.lookupEnv(stateEnv)
	cmd.Flags().StringVar(&f.state, "state", state, "the `DIR` that the pipeline runs with, for what an embedded server keeps there; the default is $"+stateEnv)
	// The only error is that the flag does not exist.
	_ = cmd.MarkFlagRequired("via")
	return f
}

// peek is a bus that is looked into.
type peek struct {
	bus    connectors.Bus
	kind   plugins.ConnectorKind
	config plugins.Config
	addr   string
	env    plugins.Env
}

// peek makes the connection that the flags name. It does no input or output yet.
func (c *cli) peek(files []string, f *topicFlags) (*peek, error) {
	name, ok := strings.CutPrefix(f.via, "connector.")
	if !ok || name == "" {
		return nil, invalid(fmt.Errorf("%q is no connection: write --via connector.NAME", f.via))
	}
	r, err := c.registry(c.stdout)
	if err != nil {
		return nil, failed(err)
	}
	if len(files) == 0 {
		files = []string{"."}
	}
	module, diags := dsl.ParseAll(files)
	var made *dsl.Connection
	if !diags.HasErrors() {
		made, diags = module.Connection(r, f.values.options(c), name)
	}
	if diags.HasErrors() {
		if err := dsl.WriteDiagnostics(c.stderr, module.Files(), diags, width(c.stderr), c.colors(c.stderr)); err != nil {
			return nil, failed(err)
		}
		return nil, invalid(nil)
	}
	if made.Kind.Service != connectors.Service {
		return nil, invalid(fmt.Errorf("%s is a connection of kind %s, which has no topics", f.via, made.Kind.Name))
	}
	return c.connect(made, f)
}

func (c *cli) connect(made *dsl.Connection, f *topicFlags) (*peek, error) {
	p := &peek{kind: made.Kind, config: made.Config, addr: f.via}
	if p.config.Has("startup") {
		p.config = p.config.With("startup", "fail")
	}
	p.env = plugins.Env{
		Pipeline: made.Pipeline, Stage: p.addr, Now: time.Now, Pool: &plugins.Pool{},
		Logger: newLogger(c.stderr, "text", "warn").With("stage", p.addr),
	}
	if f.state != "" {
		p.env.Dir = filepath.Join(state.Folder(f.state, made.Pipeline), "connectors", made.Name)
	}
	conn, err := made.Kind.New(p.config, p.env)
	if err != nil {
		return nil, failed(fmt.Errorf("%s: %w", p.addr, err))
	}
	bus, ok := conn.(connectors.Bus)
	if !ok {
		return nil, failed(errors.Join(fmt.Errorf("%s: the kind %s has no topics: that is a mistake in it", p.addr, made.Kind.Name), conn.Close(context.Background())))
	}
	p.bus = bus
	return p, nil
}

// close ends the connection.
func (p *peek) close(err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), topicPatience)
	defer cancel()
	return errors.Join(err, p.bus.Close(ctx))
}

// topicPatience is how long an answer of a bus may take that somebody waits for.
const topicPatience = 30 * time.Second

// untilStopped returns a context that ends with ctx, or when the process is asked to.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// parseTopic reads a name from the command line.
func parseTopic(name string) (connectors.Topic, error) {
	topic, err := connectors.ParseTopic(name)
	if err != nil {
		return "", invalid(err)
	}
	return topic, nil
}
