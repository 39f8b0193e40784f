package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

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
		p, err := c.peek(args[1:], f, false)
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
	can, err := p.reads(topic, start)
	if err != nil {
		return errors.Join(invalid(err), p.close(nil))
	}
	if start == connectors.StartEarliest && !can.Seekable {
		fmt.Fprintf(t.talk, "--from start: a bus of kind %s keeps no topic from its start: what it has retained, where it has that, is printed, and what comes from now on\n", p.kind.Name)
	}
	if !topic.Pattern() {
		t.topic = string(topic)
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
	var asking sync.WaitGroup
	asking.Go(func() { p.tellIfNone(ctx, topic, t) })
	err = source.Run(ctx, t)
	if ctx.Err() != nil { // it was asked to end
		err = nil
	}
	t.stop()
	asking.Wait()
	if err = errors.Join(err, t.failure()); err != nil {
		err = fmt.Errorf("%s: %w", p.addr, err)
	}
	if err = p.close(err); err != nil {
		return failed(err)
	}
	return nil
}

// reads asks the kind whether a source may read the topic.
func (p *peek) reads(topic connectors.Topic, start connectors.Start) (plugins.Capabilities, error) {
	if p.kind.Reads == nil {
		return plugins.Capabilities{}, fmt.Errorf("topics cannot be read over a connection of kind %s", p.kind.Name)
	}
	stage := plugins.NewConfig(map[string]any{"topic": string(topic), "start": string(start)})
	return p.kind.Reads(stage.WithConnector(p.kind, p.config))
}

// tailPatience is after which time without a record it is looked whether there is such a topic.
const tailPatience = time.Second

// tellIfNone tells who waits for a topic that is not there, where the bus knows. Others make
// an error of it.
func (p *peek) tellIfNone(ctx context.Context, topic connectors.Topic, t *tail) {
	if _, ok := p.bus.(connectors.Browser); !ok || p.env.Wait(ctx, tailPatience) != nil || t.began() {
		return
	}
	topics, err := p.topics(ctx)
	if err != nil || t.began() {
		return
	}
	for _, other := range topics {
		if topic.Matches(other.Name) || connectors.Topic(other.Name).Matches(string(topic)) { // a bus with very many tells patterns
			return
		}
	}
	fmt.Fprintf(t.talk, "there is no topic %s yet; waiting for it (onstream topic ls tells which there are)\n", topic)
}

// tail is an outlet that prints.
type tail struct {
	out   *pipe
	talk  io.Writer
	most  int64 // records to print; 0 is no bound
	meta  bool
	topic string // of all records; "" where each tells its own
	pool  *plugins.Pool
	stop  context.CancelFunc

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
	d.Batch.OneTopic = t.topic
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

// began reports whether anything was printed.
func (t *tail) began() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.printed > 0
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
