package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

func newTopicProduce(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "produce TOPIC --via connector.NAME [FILE...]",
		Short: "Write lines to a topic",
		Long: `Write each line of standard input, or of --input, to a topic as one record. How
many of them the bus has confirmed is told on standard error, and so is each that
it refuses, such as one that is too large; then the exit code is 1. While the bus
is away, the records wait.`,
		Example: `  echo '{"device":"d1","temp":21.5}' | onstream topic produce plant.readings --via connector.bus my-pipeline
  onstream topic produce plant.readings --via connector.bus --key d1 --input readings.ndjson my-pipeline`,
		Args: cobra.MinimumNArgs(1),
	}
	f := addTopicFlags(c, cmd)
	key := cmd.Flags().String("key", "", "the `KEY` of the records, where the bus has keys")
	input := cmd.Flags().String("input", "-", "the `FILE` with the lines; - is standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		topic, err := parseTopic(args[0])
		if err != nil {
			return err
		}
		if topic.Pattern() {
			return invalid(fmt.Errorf("%q stands for several topics, and a record goes to one: write a name without * and >", args[0]))
		}
		in, done, err := c.openLetters(*input)
		if err != nil {
			return invalid(err)
		}
		defer done()
		p, err := c.peek(args[1:], f)
		if err != nil {
			return err
		}
		var k []byte
		if cmd.Flags().Changed("key") {
			k = []byte(*key)
		}
		return p.produce(cmd.Context(), topic, newLineReader(in, k, p.env.Pool), c.stderr)
	}
	return cmd
}

// produce writes all lines to a topic.
func (p *peek) produce(ctx context.Context, topic connectors.Topic, in *lineReader, talk io.Writer) error {
	if err := p.writes(topic, in.key); err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	sink, err := p.bus.Writer(connectors.Publication{Topic: topic}, p.env)
	if err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	w := &producer{sink: sink, env: p.env, talk: talk}
	err = w.all(ctx, in)
	if closer, ok := sink.(plugins.Closer); ok {
		ending, cancelClose := context.WithTimeout(context.WithoutCancel(ctx), topicPatience)
		defer cancelClose()
		err = errors.Join(err, closer.Close(ending))
	}
	fmt.Fprintf(talk, "%s confirmed", plural(int(w.confirmed), "record"))
	if w.refused > 0 {
		fmt.Fprintf(talk, ", %s refused", plural(int(w.refused), "record"))
	}
	fmt.Fprintln(talk)
	if err = p.close(err); err != nil {
		return failed(fmt.Errorf("%s: %w", p.addr, err))
	}
	if w.refused > 0 {
		return failed(nil)
	}
	return nil
}

// writes asks the kind whether a sink may write the topic.
func (p *peek) writes(topic connectors.Topic, key []byte) error {
	if p.kind.Writes == nil {
		return fmt.Errorf("topics cannot be written over a connection of kind %s", p.kind.Name)
	}
	attrs := map[string]any{"topic": literal(topic)}
	if key != nil {
		attrs["key"] = literal(key)
	}
	_, err := p.kind.Writes(plugins.NewConfig(attrs).WithConnector(p.kind, p.config))
	return err
}
