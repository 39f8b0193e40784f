package cli

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
)

func newTest(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "test DIR...",
		Short:   "Run the test blocks of pipelines",
		GroupID: groupRun,
		Long: `Run the test blocks of pipelines on the real engine. Sources bring the rows that a
test gives, sinks only look on, the clock stands where the test puts it, and
nothing outside is read: the environment is what the test says. A mock block gives
what comes out of a transform, such as a WebAssembly module, which is then not run.

Exits with 1 if a test fails.`,
		Example: `  onstream test examples/machine-health
  onstream test --run alarm --verbose my-pipeline`,
		Args: cobra.MinimumNArgs(1),
	}
	v := addValues(cmd)
	run := cmd.Flags().String("run", "", "only tests whose name matches the regular expression `REGEX`")
	verbose := cmd.Flags().BoolP("verbose", "v", false, "tell of tests that pass, too")
	timeout := cmd.Flags().Duration("timeout", 30*time.Second, "how long one test may take")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, dirs []string) error {
		c.asJSON = output.value == "json"
		pattern, err := regexp.Compile(*run)
		if err != nil {
			return invalid(fmt.Errorf("--run: %w", err))
		}
		r, err := c.registry(c.stdout)
		if err != nil {
			return failed(err)
		}
		t := tester{c, r, v.options(c), pattern, *timeout}
		var suites []suite
		passed := true
		for _, dir := range dirs {
			s, err := t.suite(cmd.Context(), dir)
			if err != nil {
				return err
			}
			suites = append(suites, s)
			passed = passed && s.Passed
			if output.value == "text" {
				s.write(c.stdout, *verbose)
			}
		}
		if output.value == "json" {
			if err := c.writeJSON(suites); err != nil {
				return err
			}
		}
		if !passed {
			return failed(nil)
		}
		return nil
	}
	return cmd
}

// tester runs test blocks.
type tester struct {
	*cli
	registry *plugins.Registry
	options  dsl.Options
	pattern  *regexp.Regexp
	timeout  time.Duration
}

// suite runs the tests of one pipeline.
func (t *tester) suite(ctx context.Context, dir string) (suite, error) {
	s := suite{Path: dir, Passed: true, Tests: []result{}}
	o := t.options
	o.CheckOnly = true // what is missing, a test may give
	l, err := t.load(ctx, dir, t.registry, o)
	if err != nil {
		return s, err
	}
	start := time.Now()
	for i, test := range l.pipeline.Tests {
		if !t.pattern.MatchString(test.Name) {
			continue
		}
		begun := time.Now()
		failures := t.test(ctx, l, i, test)
		s.Tests = append(s.Tests, result{
			Name: test.Name, Passed: len(failures) == 0,
			Seconds: time.Since(begun).Seconds(), Failures: failures,
		})
		s.Passed = s.Passed && len(failures) == 0
	}
	s.Seconds = time.Since(start).Seconds()
	return s, nil
}
