package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
)

// test runs one test on a pipeline built with the test's own values, and
// returns why it failed.
func (t *tester) test(ctx context.Context, l loaded, index int, test *dsl.Test) []failure {
	// The environment of its plugins may be another one, too.
	options := test.Options(t.options)
	with := t.launch(ctx, l.path, l.module, t.registry, options)
	options.Plugins = with.started
	pipeline, diags := l.module.Build(with.registry, options)
	if diags.HasErrors() {
		var text strings.Builder
		if err := dsl.WriteDiagnostics(&text, l.module.Files(), diags, 0, false); err != nil {
			return []failure{newFailure(test.Pos, err.Error())}
		}
		return []failure{newFailure(test.Pos, "the pipeline cannot be built with the values of the test", lines(text.String())...)}
	}
	// The same test, with conditions that know these values.
	test = pipeline.Tests[index]

	config := trial.Config{
		Graph:    pipeline.Graph,
		Registry: with.registry,
		Start:    time.Unix(0, test.Now).UTC(),
	}
	for _, g := range test.Given {
		config.Steps = append(config.Steps, trial.Step{Source: g.At, Rows: trialRows(g.Rows)})
	}
	for _, m := range test.Mock {
		config.Mocks = append(config.Mocks, trial.Mock{Stage: m.At, Output: m.Output, Rows: trialRows(m.Rows)})
	}
	for _, e := range test.Expect {
		config.Taps = append(config.Taps, trial.Tap{At: e.At, Output: e.Output})
	}
	config.Taps = append(config.Taps, errorTaps(pipeline.Graph)...)
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	seen, err := trial.Run(ctx, config)
	if err == nil {
		err = ctx.Err() // it may have ended before it noticed
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return []failure{newFailure(test.Pos, overdue(t.timeout))}
	case err != nil:
		return []failure{newFailure(test.Pos, err.Error())}
	}
	lost := lostIn(pipeline.Graph, seen, seen.Taps[len(test.Expect):])
	var failures []failure
	for i, e := range test.Expect {
		if f := t.judge(e, test, seen.Taps[i], seen.Unseen[i]); f != nil {
			if len(seen.Taps[i]) == 0 {
				f.Detail = append(f.Detail, lostBefore(pipeline.Graph, e.At, lost)...)
			}
			failures = append(failures, *f)
		}
	}
	return failures
}

func trialRows(rows []dsl.Row) []trial.Row {
	out := make([]trial.Row, len(rows))
	for i, row := range rows {
		out[i] = trial.Row{Text: row.Text, Raw: row.Raw}
	}
	return out
}

// judge returns what is not as expected at one place; nil if all is. Unseen counts records that came past besides.
func (t *tester) judge(e dsl.Expect, test *dsl.Test, all []trial.Record, unseen int64) *failure {
	where := ""
	records := all
	if e.Where != nil {
		env := plugins.Env{
			Stage: e.At, Pool: &plugins.Pool{}, Logger: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Unix(0, test.Now).UTC() },
		}
		matching, err := trial.Match(all, e.Where, t.registry, e.Shape.Type, env)
		if err != nil {
			f := newFailure(e.Pos, err.Error())
			return &f
		}
		records, where = matching, " that match where"
	}
	place := e.At
	if e.Output != "" {
		place += "." + e.Output
	}
	wrong := ""
	var detail []string
	switch {
	case unseen > 0:
		wrong = plural(int(unseen), "record") + " came past that cannot be shown, as what the fields stand in is no record of its format: look at a stage before it"
	case e.Count != nil && *e.Count != len(records):
		wrong = fmt.Sprintf("got %s%s, want %d", plural(len(records), "record"), where, *e.Count)
	case e.Count == nil && e.Rows == nil && len(records) == 0:
		wrong = fmt.Sprintf("got no record%s, want at least one", where)
	case e.Rows != nil:
		if diff := diffRows(e.Rows, records); diff != nil {
			wrong = fmt.Sprintf("the records%s differ", where)
			detail = append([]string{"- want, + got"}, diff...)
		}
	}
	if wrong == "" {
		return nil
	}
	if detail == nil {
		detail = listing(all)
	}
	f := newFailure(e.Pos, place+": "+wrong, detail...)
	return &f
}

// listing shows the records that came past.
func listing(records []trial.Record) []string {
	const most = 10
	if len(records) == 0 {
		return []string{"no record came past"}
	}
	out := []string{"these came past:"}
	for i, r := range records {
		if i == most {
			return append(out, fmt.Sprintf("and %d more", len(records)-most))
		}
		out = append(out, "  "+string(r.Text()))
	}
	return out
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func lines(s string) []string {
	return strings.Split(strings.TrimSpace(s), "\n")
}

// overdue says that a test did not end in time.
func overdue(timeout time.Duration) string {
	return fmt.Sprintf("did not end within %s: the first time, modules are compiled, too; --timeout gives it more", timeout)
}
