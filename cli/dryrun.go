package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// longestSample is how long a line of samples may be.
const longestSample = 16 << 20

// dryRun shows what each stage makes of sample records, one sample after the
// other. Nothing is read but the samples, and nothing is written.
func (c *cli) dryRun(ctx context.Context, r *plugins.Registry, dirs []string, f *runFlags) error {
	if len(dirs) != 1 {
		return invalid(fmt.Errorf("--dry-run takes one pipeline, not %d", len(dirs)))
	}
	l, err := c.load(ctx, dirs[0], r, f.values.options(c))
	if err != nil {
		return err
	}
	source, err := soleSource(l.pipeline.Graph)
	if err != nil {
		return err
	}
	samples, err := c.samples(f.dryRun)
	if err != nil {
		return err
	}
	config := trial.Config{Graph: l.pipeline.Graph, Registry: l.registry, Start: time.Now()}
	for _, s := range samples {
		config.Steps = append(config.Steps, trial.Step{Source: source, Rows: []trial.Row{{Text: s.text}}})
	}
	config.Taps = everywhere(l.pipeline.Graph)
	seen, err := trial.Run(ctx, config)
	refused, isRefused := errors.AsType[*trial.RowError](err)
	switch {
	case isRefused:
		err = invalid(fmt.Errorf("--dry-run: line %d of the samples: %w; a sample is a line with a JSON object, as %s brings it",
			samples[refused.Step].line, refused.Err, source))
		samples = samples[:refused.Step]
	case err != nil:
		return failed(err)
	}
	// What became of the samples before one that is refused is told, too.
	story := newStory(l.pipeline.Graph, config.Taps, seen)
	if f.output.value != "json" {
		story.write(c.stdout, samples)
	} else if writeErr := c.writeJSON(story.json(samples)); writeErr != nil {
		return writeErr
	}
	return err
}

func soleSource(g *graph.Graph) (string, error) {
	var addrs []string
	for _, s := range g.Stages {
		if s.Role == graph.Source {
			addrs = append(addrs, s.Addr())
		}
	}
	if len(addrs) != 1 {
		return "", invalid(fmt.Errorf("--dry-run needs a pipeline with one source, this one has %s; write a test block instead",
			strings.Join(addrs, ", ")))
	}
	return addrs[0], nil
}

// sample is a record to try.
type sample struct {
	line int // of the samples, from 1
	text []byte
}

// samples reads one record a line.
func (c *cli) samples(name string) ([]sample, error) {
	in := c.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, invalid(fmt.Errorf("--dry-run: %w", err))
		}
		defer f.Close()
		in = f
	}
	samples, err := readLines(in)
	if err != nil {
		return nil, failed(fmt.Errorf("read samples: %w", err))
	}
	return samples, nil
}

func readLines(in io.Reader) ([]sample, error) {
	var out []sample
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestSample)
	for n := 1; lines.Scan(); n++ {
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
			out = append(out, sample{n, bytes.Clone(text)})
		}
	}
	return out, lines.Err()
}

// everywhere puts a tap at each output of each stage, in front of each sink,
// and at the error outputs.
func everywhere(g *graph.Graph) []trial.Tap {
	var taps []trial.Tap
	for _, s := range g.Stages {
		if s.Role == graph.Sink {
			taps = append(taps, trial.Tap{At: s.Addr()})
			continue
		}
		for _, o := range s.Outputs {
			taps = append(taps, trial.Tap{At: s.Addr(), Output: o.Name})
		}
	}
	return append(taps, errorTaps(g)...)
}

// errorTaps puts taps at the error outputs. That of a single stage is looked at
// only where somebody takes it, because looking at it takes it.
func errorTaps(g *graph.Graph) []trial.Tap {
	taps := []trial.Tap{{At: graph.Errors}}
	taken := map[string]bool{}
	for _, s := range g.Stages {
		for _, in := range s.Inputs {
			if in.Output == graph.Errors && !taken[in.From] {
				taken[in.From] = true
				taps = append(taps, trial.Tap{At: in.From, Output: graph.Errors})
			}
		}
	}
	return taps
}
