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
is away, the records wait. Empty lines are left out.

A bus divides a topic among its partitions by the key of the records. Where a source
has key, write each with just that: --key for all lines, or --key-field for what a
field of each JSON object holds.`,
		Example: `  echo '{"device":"d1","temp":21.5}' | onstream topic produce plant.readings --via connector.bus my-pipeline
  onstream topic produce plant.readings --via connector.bus --key d1 --input readings.ndjson my-pipeline
  onstream topic produce plant.readings --via connector.bus --key-field device --input readings.ndjson my-pipeline`,
		Args: cobra.MinimumNArgs(1),
	}
	f := addTopicFlags(c, cmd)
	key := cmd.Flags().String("key", "", "the `KEY` of the records, where the bus has keys")
	field := cmd.Flags().String("key-field", "", "the field `NAME` of each line, a JSON object, that has its key")
	input := cmd.Flags().String("input", "-", "the `FILE` with the lines; - is standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		topic, err := parseTopic(args[0])
		if err != nil {
			return err
		}
		if topic.Pattern() {
			return invalid(fmt.Errorf("%q stands for several topics, and a record goes to one: write a name without * and >", args[0]))
		}
		if *field != "" && cmd.Flags().Changed("key") {
			return invalid(errors.New("--key is the key of all lines, and --key-field names where each has its own: leave one of them out"))
		}
		in, done, err := c.openLetters(*input)
		if err != nil {
			return invalid(err)
		}
		defer done()
		p, err := c.peek(args[1:], f, true)
		if err != nil {
			return err
		}
		keys := lineKeys{field: *field}
		if cmd.Flags().Changed("key") {
			keys.all = []byte(*key)
		}
		return p.produce(cmd.Context(), topic, newLineReader(in, keys, p.env.Pool), c.stderr)
	}
	return cmd
}

// produce writes all lines to a topic.
func (p *peek) produce(ctx context.Context, topic connectors.Topic, in *lineReader, talk io.Writer) error {
	if err := p.writes(topic, in.keys.any()); err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	sink, err := p.bus.Writer(connectors.Publication{Topic: topic}, p.env)
	if err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	w := &producer{sink: sink, env: p.env, talk: talk}
	if in.keys.any() == nil {
		w.opened = func() { p.tellOfKeys(ctx, topic, talk) }
	}
	err = w.all(ctx, in)
	if closer, ok := sink.(plugins.Closer); ok {
		ending, cancelClose := context.WithTimeout(context.WithoutCancel(ctx), busPatience)
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

// tellOfKeys tells who writes records without a key where the topic has several partitions,
// as far as the bus says.
func (p *peek) tellOfKeys(ctx context.Context, topic connectors.Topic, talk io.Writer) {
	var n int64
	if p.config.Has("partitions") { // of topics that are made
		n = p.config.Int("partitions")
	}
	if topics, err := p.topics(ctx); err == nil { // what is wrong, writing will tell
		for _, t := range topics {
			if connectors.Topic(t.Name).Matches(string(topic)) { // a bus with very many tells patterns
				n = max(n, int64(t.Partitions))
			}
		}
	}
	if n > 1 {
		fmt.Fprintf(talk, "%s has %d partitions, and the records have no key: where a source has key, what belongs together is counted in several of them; --key or --key-field gives it\n", topic, n)
	}
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
