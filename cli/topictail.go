package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

func newTopicTail(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tail TOPIC --via connector.NAME [FILE...]",
		Short: "Print the records of a topic as they come",
		Long: `Print the records of a topic, each as it is and a newline, until SIGINT or --max.
TOPIC is written as in a pipeline; a pattern such as 'plant.*.temp' needs quotes,
and a bus that has patterns.

With --meta each record is a JSON object on one line: topic, partition, offset,
time, key, headers and value, as far as the bus tells them. A value or key that is
not text is under value_base64 or key_base64.`,
		Example: `  onstream topic tail plant.readings --via connector.bus my-pipeline
  onstream topic tail 'plant.*.temp' --via connector.bus --from start --max 10 --meta my-pipeline`,
		Args: cobra.MinimumNArgs(1),
	}
	f := addTopicFlags(c, cmd)
	from := addChoice(cmd, "from", "where to begin: with the next record, or the oldest that the bus keeps", "end", "start")
	most := cmd.Flags().Int64("max", 0, "end after `N` records; 0 is never")
	meta := cmd.Flags().Bool("meta", false, "print JSON with what the bus knows about each record")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *most < 0 {
			return invalid(fmt.Errorf("--max is %d: write how many records to print, or 0 for no end", *most))
		}
		topic, err := parseTopic(args[0])
		if err != nil {
			return err
		}
		out := newPipe(c.stdout)
		p, err := c.peek(args[1:], f)
		if err != nil {
			return err
		}
		start := connectors.StartLatest
		if from.value == "start" {
			start = connectors.StartEarliest
		}
		t := &tail{out: out, talk: c.stderr, most: *most, meta: *meta, pool: p.env.Pool}
		return p.tail(cmd.Context(), topic, start, t)
	}
	return cmd
}

// tail follows a topic.
func (p *peek) tail(ctx context.Context, topic connectors.Topic, start connectors.Start, t *tail) error {
	if err := p.reads(topic, start); err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	source, err := p.bus.Reader(connectors.Subscription{Topic: topic, Group: "onstream-topic-tail", Start: start, Browse: true}, p.env)
	if err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	ctx, t.stop = context.WithCancel(ctx)
	defer t.stop()
	go func() { // ends with ctx
		select {
		case <-t.out.closed:
			t.stop()
		case <-ctx.Done():
		}
	}()
	err = source.Run(ctx, t)
	if ctx.Err() != nil { // it was asked to end
		err = nil
	}
	if err = errors.Join(err, t.failure()); err != nil {
		err = fmt.Errorf("%s: %w", p.addr, err)
	}
	if err = p.close(err); err != nil {
		return failed(err)
	}
	return nil
}

// reads asks the kind whether a source may read the topic.
func (p *peek) reads(topic connectors.Topic, start connectors.Start) error {
	if p.kind.Reads == nil {
		return fmt.Errorf("topics cannot be read over a connection of kind %s", p.kind.Name)
	}
	stage := plugins.NewConfig(map[string]any{"topic": string(topic), "start": string(start)})
	_, err := p.kind.Reads(stage.WithConnector(p.kind, p.config))
	return err
}

// tail is an outlet that prints.
type tail struct {
	out  *pipe
	talk io.Writer
	most int64 // records to print; 0 is no bound
	meta bool
	pool *plugins.Pool
	stop context.CancelFunc

	mu      sync.Mutex
	printed int64
	text    []byte
	err     error
}

var _ plugins.Outlet = (*tail)(nil)

// Batch implements [plugins.Outlet].
func (t *tail) Batch() *plugins.Batch { return t.pool.Batch() }

// Done implements [plugins.Outlet].
func (t *tail) Done(plugins.Partition) {}

// Hand implements [plugins.Outlet].
func (t *tail) Hand(ctx context.Context, d plugins.Delivery) error {
	defer d.Batch.Release()
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.print(d.Batch); err != nil {
		t.err = err
		t.stop()
		return err
	}
	if d.Ack != nil {
		d.Ack()
	}
	return nil
}

// errAllPrinted ends what was asked for.
var errAllPrinted = errors.New("enough records are printed")

func (t *tail) print(b *plugins.Batch) error {
	for _, f := range b.Failures {
		fmt.Fprintf(t.talk, "a record of %s cannot be read: %s\n", b.Part.Name, f.Msg)
	}
	t.text = t.text[:0]
	rows := b.Sel
	last := t.most > 0 && int64(len(rows)) >= t.most-t.printed
	if last {
		rows = rows[:t.most-t.printed]
	}
	for _, row := range rows {
		if t.meta {
			t.text = appendRecord(t.text, b, row)
		} else {
			t.text = append(t.text, b.Value(row)...)
		}
		t.text = append(t.text, '\n')
	}
	t.printed += int64(len(rows))
	if _, err := t.out.Write(t.text); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	if last {
		return errAllPrinted
	}
	return nil
}

// failure returns what went wrong with printing, if anything did.
func (t *tail) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if errors.Is(t.err, errAllPrinted) {
		return nil
	}
	return t.err
}
