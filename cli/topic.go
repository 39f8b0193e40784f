package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/dsl"
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
in a connector of its own, with servers or url. What it has stored can be looked at, and
added to, with --state while the pipeline is stopped. A memory bus is of its process
alone.`,
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
	*connection
	bus connectors.Bus
}

// peek makes the connection that the flags name, for who only looks or also writes. It does
// no input or output yet.
func (c *cli) peek(files []string, f *topicFlags, writes bool) (*peek, error) {
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
	p, err := c.bus(made, "")
	if err != nil {
		return nil, err
	}
	private := p.private()
	if private != nil && f.state != "" { // what it keeps on disk
		if err := p.close(nil); err != nil {
			return nil, failed(err)
		}
		if p, err = c.bus(made, f.state); err != nil {
			return nil, err
		}
		if private = p.private(); private == nil {
			private = p.stored(c, writes)
		}
	}
	if private != nil {
		return nil, invalid(fmt.Errorf("%s: %w", p.addr, p.close(private)))
	}
	return p, nil
}

// bus makes the connection to a bus.
func (c *cli) bus(made *dsl.Connection, stateDir string) (*peek, error) {
	x, err := c.connect(made, stateDir)
	if err != nil {
		return nil, failed(err)
	}
	bus, ok := x.Connection.(connectors.Bus)
	if !ok {
		return nil, failed(x.close(fmt.Errorf("%s: the kind %s has no topics: that is a mistake in it", x.addr, made.Kind.Name)))
	}
	return &peek{connection: x, bus: bus}, nil
}

// private returns why the records cannot be got at, if that is so.
func (p *peek) private() error {
	if bus, ok := p.bus.(connectors.Private); ok {
		return bus.Private()
	}
	return nil
}

// stored sees whether there is a store where the flags say. Who writes makes one; who looks
// has mistaken the name.
func (p *peek) stored(c *cli, writes bool) error {
	_, err := os.Stat(p.env.Dir)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return nil
	case !writes:
		return fmt.Errorf("there is no store in %s: correct --state, or the name of the connector; it is made by the first onstream run --state, or topic produce", p.env.Dir)
	}
	fmt.Fprintf(c.stderr, "there was no store in %s: it is made\n", p.env.Dir)
	return nil
}

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
