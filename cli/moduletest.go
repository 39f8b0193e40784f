package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/graph"
	"github.com/onstream/onstream/wasm/golden"
)

func newModuleTest(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [DIR|FILE.wasm] [TESTS...]",
		Short: "Run a module on golden rows",
		Long: `Run a module on what it is to be given, and compare what it makes of it. The module
is that of the project in DIR, the working directory unless given, which is built if
it has changed, or FILE. The tests are files; unless given, tests/*.json beside it.

A test is run as in a pipeline, with the module's limits and state, and a clock that
stands still until the test says otherwise:

  {
    "config": {"limit": 3.0}, "key": true,
    "steps": [
      {"doc": "what this shows",
       "records": [{"key": "d1", "value": "20.5"}, {"key": "d1", "value": "what?"}],
       "want":    [{"key": "d1", "value": "20.5"}],
       "failed":  [{"row": 1, "msg": "no number"}]},
      {"advance": "10s", "want": [{"port": "silent"}]},
      {"restart": true}
    ]
  }

A step has one of records, columns (for modules that take columns; with keys and
times, lists with one of each row), advance (the clock goes on), restart (what is
kept is stored, and another instance goes on) and end (of the input):

  {"columns": {"temperature": [1.5, null]}, "keys": ["d1", "d2"],
   "want": [{"row": 0, "columns": {"score": 0.5}}]}

Then want is all that comes out; what a record leaves out is not compared. failed is
what fails, logs and metrics are what it tells. A text that is not UTF-8 is written
{"base64": "..."}, JSON may be {"json": ...}. All of it is in docs/BEHAVIOURS.md.

Exits with 1 if a test fails.`,
		Example: `  onstream module test behaviours/score
  onstream module test score.wasm behaviours/score/tests/limits.json`,
	}
	verbose := cmd.Flags().BoolP("verbose", "v", false, "tell of tests that pass, too")
	timeout := cmd.Flags().Duration("timeout", 30*time.Second, "how long one test may take")
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path := "."
		if len(args) > 0 {
			path = args[0]
		}
		module, err := c.moduleOf(cmd, path)
		if err != nil {
			return err
		}
		tests, err := goldenFiles(path, args)
		if err != nil {
			return err
		}
		s := suite{Path: path, Passed: true, Tests: []result{}}
		for _, test := range tests {
			r, err := runGolden(cmd.Context(), module, test, *timeout)
			if err != nil {
				return err
			}
			s.Tests = append(s.Tests, r)
			s.Seconds += r.Seconds
			s.Passed = s.Passed && r.Passed
		}
		if output.value == "json" {
			err = c.writeJSON(s)
		} else {
			s.write(c.stdout, *verbose)
		}
		if err == nil && !s.Passed {
			err = failed(nil)
		}
		return err
	}
	return cmd
}

// goldenFiles returns the files of golden rows that are named behind the module, or those that are beside it.
func goldenFiles(path string, args []string) ([]string, error) {
	if len(args) > 1 {
		return args[1:], nil
	}
	dir := path
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		dir = filepath.Dir(path)
	}
	files, err := filepath.Glob(filepath.Join(dir, "tests", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, invalid(fmt.Errorf("%s has no tests: write %s, see onstream module test --help, or name the files", path, filepath.Join(dir, "tests", "NAME.json")))
	}
	return files, nil
}

// runGolden runs the rows of a file. An error is about the file or the module.
func runGolden(ctx context.Context, module, file string, timeout time.Duration) (result, error) {
	r := result{Name: filepath.Base(file)}
	f, err := golden.Read(file)
	if err != nil {
		return r, invalid(err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	begun := time.Now()
	found, err := golden.Run(ctx, golden.Config{Module: module, CacheDir: cacheDir("wasm")}, f)
	r.Seconds = time.Since(begun).Seconds()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		r.Failures = append(r.Failures, newFailure(graph.Pos{File: file}, overdue(timeout)))
	case err != nil:
		return r, invalid(err)
	}
	for _, m := range found {
		text := strings.Split(strings.TrimPrefix(m.String(), m.File+": "), "\n")
		for i := range text {
			text[i] = strings.TrimSpace(text[i])
		}
		r.Failures = append(r.Failures, newFailure(graph.Pos{File: m.File}, text[0], text[1:]...))
	}
	r.Passed = len(r.Failures) == 0
	return r, nil
}
