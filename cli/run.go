package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
)

// runFlags are the flags of run.
type runFlags struct {
	values              *values
	http                string
	watch               bool
	dryRun              string
	state               string
	summary             bool
	output              *choice
	logFormat, logLevel *choice
}

// stateEnv is the environment variable for --state.
const stateEnv = "ONSTREAM_STATE"

// options are those to build a pipeline with that is to run.
func (f *runFlags) options(c *cli) dsl.Options {
	o := f.values.options(c)
	o.Stored = f.state != ""
	return o
}

func newRun(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run DIR...",
		Short:   "Run pipelines",
		GroupID: groupRun,
		Long: `Run the pipelines of the directories until their input ends. Several run side by
side; the first that fails stops all.

  SIGINT, SIGTERM   stop the sources, finish everything in flight, then end;
                    a second signal, a quarter of a second later or more, ends
                    at once
  SIGHUP            read the files again and apply what changed, as soon as the
                    pipeline has started; one with errors is refused, and the
                    old one keeps running

With --state the pipelines go on where they stopped, however that was: their
sources resume, and what windows, joins and other stages keep is still there.
Each pipeline has a folder of its name in the state directory; see onstream state.

On a terminal, progress and a summary are shown on standard error. The summary
accounts for every record: in + made = out + filtered + dead + held.`,
		Example: `  onstream run examples/quickstart
  onstream run --var input=readings.csv examples/machine-health
  onstream run --env prod --http 9090 --watch my-pipeline
  onstream run --state /var/lib/onstream my-pipeline    survive a crash or a restart
  onstream run --dry-run samples.ndjson my-pipeline     what happens to each record`,
		Args: cobra.MinimumNArgs(1),
	}
	f := &runFlags{values: addValues(cmd)}
	flags := cmd.Flags()
	flags.StringVar(&f.http, "http", "", "serve /metrics, /healthz and /readyz at `ADDR`; a bare port is one of 127.0.0.1")
	flags.BoolVar(&f.watch, "watch", false, "reload when a file of a pipeline changes, or a module that it names")
	state, _ := c.lookupEnv(stateEnv)
	flags.StringVar(&f.state, "state", state, "keep what the pipelines have done in `DIR`, and go on from there; the default is $"+stateEnv)
	flags.StringVar(&f.dryRun, "dry-run", "", "only show what each stage makes of the records in `FILE`, a JSON object a line; - is standard input")
	flags.BoolVar(&f.summary, "summary", isTerminal(c.stderr), "print the summary; the default is to do so on a terminal")
	f.output = addChoice(cmd, "output", "form of the summary, or of a dry run; json prints it in any case", "text", "json")
	f.logFormat = addChoice(cmd, "log-format", "form of the log on standard error", "text", "json")
	f.logLevel = addChoice(cmd, "log-level", "least level of what is logged", "info", "debug", "warn", "error")
	cmd.RunE = func(cmd *cobra.Command, dirs []string) error {
		out := newPipe(c.stdout)
		if f.dryRun != "" {
			r, err := c.registry(out)
			if err != nil {
				return failed(err)
			}
			return c.dryRun(cmd.Context(), r, dirs, f)
		}
		// From the start, or a signal that comes while files are read would be lost.
		signals := notifySignals(cmd.Context())
		defer signals.stop()
		c.processes.guarded = true
		r, err := c.registryUntil(signals.told, out)
		if err != nil {
			return failed(err)
		}
		return c.runPipelines(cmd.Context(), r, out, dirs, f, signals)
	}
	return cmd
}

func (c *cli) runPipelines(ctx context.Context, r *plugins.Registry, out *pipe, dirs []string, f *runFlags, signals signals) error {
	before := fingerprint(dirs)
	talk := newTalk(c.stderr)
	logger := newLogger(talk, f.logFormat.value, f.logLevel.value)
	c.processes.logger = logger
	pipelines, err := c.loadAll(signals.told, r, dirs, f)
	if err != nil && signals.told.Err() != nil {
		return failed(errors.New("stopped before the pipelines were read"))
	}
	if err != nil {
		return err
	}
	s := &supervisor{cli: c, flags: f, registry: r, out: out, talk: talk, logger: logger, signals: signals, paths: dirs, loaded: before}
	for _, l := range pipelines {
		g := l.graph()
		config := runtime.Config{Registry: l.registry, Logger: logger.With("pipeline", g.Name), StateDir: f.state}
		s.jobs = append(s.jobs, &job{
			path:     l.path,
			plugins:  l.plugins,
			programs: l.programs,
			name:     g.Name,
			graph:    g,
			settings: l.pipeline.Settings,
			logger:   config.Logger,
			config:   config,
			running:  runtime.New(config),
			reloads:  make(chan struct{}, 1),
			ended:    make(chan struct{}),
		})
		tellStarted(config.Logger, l.plugins)
	}
	err = s.run(ctx)
	if summaryErr := s.summarize(); err == nil && summaryErr != nil {
		err = summaryErr
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// loadAll loads the pipelines and tells the errors of all of them. Their names
// must differ, or nobody could tell their metrics apart.
func (c *cli) loadAll(ctx context.Context, r *plugins.Registry, dirs []string, f *runFlags) ([]loaded, error) {
	var all []loaded
	first := map[string]string{}
	for _, dir := range dirs {
		l := c.open(ctx, dir, r, f.options(c))
		if err := c.tell(l); err != nil {
			return nil, err
		}
		if !l.valid {
			continue
		}
		name := l.graph().Name
		if other, taken := first[name]; taken {
			return nil, invalid(fmt.Errorf("the pipelines of %s and %s are both called %q; name one differently in its pipeline block", other, dir, name))
		}
		first[name] = dir
		all = append(all, l)
	}
	if len(all) < len(dirs) {
		return nil, invalid(nil)
	}
	return all, nil
}
