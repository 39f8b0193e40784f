package cli

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
	"github.com/onstream/onstream/runtime/state"
)

func newState(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "state",
		Short:   "Look at, save and reset what pipelines have stored",
		GroupID: groupRun,
		Long: `With onstream run --state DIR, each pipeline has a folder DIR/PIPELINE. At each
checkpoint it stores there, all at once: the positions of its sources, what its
stages keep by key, and the outbox, which is what its sinks have yet to take.

The pipeline must not run meanwhile.`,
	}
	cmd.AddCommand(newStateList(c), newStateInspect(c), newStateExport(c), newStateImport(c), newStateReset(c))
	return cmd
}

// openState opens a store to look at it.
func (c *cli) openState(folder string) (s *state.Store, pipeline string, err error) {
	dir, pipeline, err := state.Locate(folder)
	if err != nil {
		return nil, "", invalid(err)
	}
	s, err = state.Open(dir, pipeline, state.Options{ReadOnly: true})
	if err != nil {
		return nil, "", failed(err)
	}
	return s, pipeline, nil
}

// counter shows a count that grows, where somebody watches, until end is
// called.
func (c *cli) counter(what string) (show func(n int64), end func()) {
	if !isTerminal(c.stderr) {
		return func(int64) {}, func() {}
	}
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(c.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(progressInterval),
		progressbar.OptionClearOnFinish(),
	)
	// A bar that cannot be drawn is no reason to stop.
	return func(n int64) { _ = bar.Set64(n) }, func() { _ = bar.Finish() }
}

// keyText writes the key of a row for people: the value that it stands for, or
// its bytes.
func keyText(key []byte) string {
	v := plugins.KeyValue(key)
	if len(key) == 0 || v.Kind >= plugins.Bool && v.Kind <= plugins.Record && utf8.ValidString(v.Text) {
		return string(jsontext.AppendValue(nil, v, ""))
	}
	return "0x" + hex.EncodeToString(key)
}

// stageOf returns the stage that something is stored for at an address: its own,
// or that of one of the partitions that it keeps it by.
func stageOf(addr string) string {
	stage, _, _ := strings.Cut(addr, "@")
	return stage
}

// matchesKey reports whether a row is that of the key that somebody has typed.
func matchesKey(key []byte, typed string) bool {
	v := plugins.KeyValue(key)
	return v.Kind == plugins.String && v.Text == typed || keyText(key) == typed
}

// bytesText writes opaque bytes for people: as text where they look like it.
func bytesText(b []byte) string {
	text := string(b)
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return "0x" + hex.EncodeToString(b)
		}
	}
	return text
}
