package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/runtime/spool"
	"github.com/onstream/onstream/runtime/state"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	into, state string
	codes       []string
	stages      []string
	dryRun      bool
	once        bool
}

func newReplay(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay FILE [DIR]",
		Short:   "Send records from the error output into a source again",
		GroupID: groupRun,
		Long: `Read FILE, which a file sink with "from = errors" has written, and put the records
that failed aside for a source of the pipeline in DIR. They go in as they came,
behind what the source brings itself, when a pipeline that runs with the same
--state is started or reloaded (SIGHUP), and are removed when a checkpoint covers
them. All are put aside, or, when FILE is not what it should be, none.

A record that failed on several ways has several dead letters, and goes in once.
It takes all ways of the source again, also those on which it did not fail: what
counted it there counts it again. What a sink could not write goes in as the sink
would have written it; --stage leaves it out.

Records that had no payload, and those that were too large to be kept whole,
cannot be replayed; they are counted. FILE itself is not changed: move it away
before records fail again, or they will be replayed twice.

Nothing can be replayed into a source with whose partitions stages keep their state,
which plan tells: write the records to its topic again, with a pipeline from FILE to
a sink of the kind topic.`,
		Example: `  onstream replay dead.ndjson --into source.in --state /var/lib/onstream my-pipeline
  onstream replay dead.ndjson --into source.in --state state --code decode --dry-run my-pipeline
  zcat dead.ndjson.gz | onstream replay - --into source.in --state state my-pipeline`,
		Args: cobra.RangeArgs(1, 2),
	}
	f := &replayFlags{}
	flags := cmd.Flags()
	flags.StringVar(&f.into, "into", "", "the source that takes the records, such as source.in")
	state, _ := c.lookupEnv(stateEnv)
	flags.StringVar(&f.state, "state", state, "the `DIR` that the pipeline runs with; the default is $"+stateEnv)
	flags.StringSliceVar(&f.codes, "code", nil, "only records that failed with this code (may be repeated)")
	flags.StringSliceVar(&f.stages, "stage", nil, "only records that failed in the stage of this address (may be repeated)")
	flags.BoolVar(&f.once, "once", false, "take dead letters of one stage that are alike for repeats, which a crash makes, and not for records of a file that was another one later")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only tell what would be replayed")
	v := addValues(cmd)
	output := addOutput(cmd)
	// The only error is that the flag does not exist.
	_ = cmd.MarkFlagRequired("into")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		if f.state == "" {
			return invalid(errors.New("say with --state DIR where the pipeline keeps its state: the records are put aside there"))
		}
		dir := "."
		if len(args) == 2 {
			dir = args[1]
		}
		o := v.options(c)
		o.CheckOnly = true
		to, err := c.replayTarget(cmd.Context(), dir, o, f)
		if err != nil {
			return err
		}
		r, err := c.replay(args[0], to, f)
		if err != nil {
			return failed(err)
		}
		if r.Warnings = append(to.strangers(r.pipelines), to.warnings(r.stages)...); c.asJSON {
			return c.writeJSON(r)
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(c.stderr, "Warning: %s\n", w)
		}
		r.write(c.stdout)
		return nil
	}
	return cmd
}

// replayTarget returns what records are replayed into.
func (c *cli) replayTarget(ctx context.Context, dir string, o dsl.Options, f *replayFlags) (*replayTarget, error) {
	r, err := c.registry(c.stdout)
	if err != nil {
		return nil, failed(err)
	}
	l, err := c.load(ctx, dir, r, o)
	if err != nil {
		return nil, err
	}
	g := l.graph()
	s := g.Stage(f.into)
	if s == nil || s.Role != graph.Source {
		return nil, invalid(fmt.Errorf("the pipeline has no %s: --into takes the address of one of its sources: %s", f.into, sourceList(g)))
	}
	if err := errors.Join(takesPayloads(l.registry, s), takesReplays(g, s)); err != nil {
		return nil, invalid(err)
	}
	if err := state.CheckDir(f.state); err != nil {
		return nil, invalid(err)
	}
	return &replayTarget{registry: l.registry, graph: g, source: s, state: state.Folder(f.state, g.Name)}, nil
}

func sourceList(g *graph.Graph) string {
	var addrs []string
	for _, s := range g.Stages {
		if s.Role == graph.Source {
			addrs = append(addrs, s.Addr())
		}
	}
	return strings.Join(addrs, ", ")
}

// takesPayloads returns an error where records cannot go into a source alone.
func takesPayloads(r *plugins.Registry, s *graph.Stage) error {
	if kind, _ := r.Source(s.Kind); !kind.Payload {
		return fmt.Errorf("%s is of kind %s, which makes its records itself: name a source that reads payloads", s.Addr(), s.Kind)
	}
	codec, _ := r.Codec(s.Format)
	framing, err := codec.Framing(s.Options)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if framing.Preamble {
		return fmt.Errorf("%s reads %s with a header, which records in an error output do not have: name a source without one", s.Addr(), s.Format)
	}
	return nil
}

// takesReplays returns an error where a stage would fail all that is replayed
// into a source: it keeps what it keeps by the source's partitions, and a replay
// is of none of them.
func takesReplays(g *graph.Graph, s *graph.Stage) error {
	for _, t := range g.Stages {
		if t.Follows == s.Addr() {
			return fmt.Errorf("records cannot be replayed into %s: what %s keeps goes with the partitions of its topic, and a replay is of none of them: write the records to the topic again, each with its key, such as with a pipeline from the file to a sink of the kind topic", s.Addr(), t.Addr())
		}
	}
	return nil
}

// replay puts aside what is selected of a file.
func (c *cli) replay(name string, to *replayTarget, f *replayFlags) (*replayed, error) {
	in, done, err := c.openLetters(name)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &replayed{File: name, Source: f.into, DryRun: f.dryRun, merger: newMerger(f.once), stages: map[string]int{}, pipelines: map[string]int{}}
	if f.dryRun {
		return r, r.read(in, f, func([]byte) error { return nil })
	}
	aside, err := spool.PutAside(to.folder(), spool.Options{})
	if err != nil {
		return nil, err
	}
	if err := r.read(in, f, aside.Add); err != nil {
		return nil, errors.Join(err, aside.Abandon())
	}
	if r.Records == 0 {
		return r, aside.Abandon()
	}
	return r, aside.Commit()
}

// openLetters opens a file, with a bar of progress where somebody watches.
func (c *cli) openLetters(name string) (io.Reader, func(), error) {
	if name == "-" {
		return c.stdin, func() {}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open the error output: %w", err)
	}
	done := func() { _ = file.Close() } // it was only read
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || !isTerminal(c.stderr) {
		return file, done, nil
	}
	bar := progressbar.NewOptions64(info.Size(),
		progressbar.OptionSetWriter(c.stderr),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
	reader := progressbar.NewReader(file, bar)
	return &reader, func() { _ = bar.Finish(); done() }, nil
}
