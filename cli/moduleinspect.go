package cli

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/abi"
	wasmbinary "github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

func newModuleInspect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Tell what a module is, without running it",
		Long: `Tell what a module says of itself in its manifest, what it imports and exports, what
it may use unless a stage says otherwise, its size, and its digest, to be pinned with
sha256 in a pipeline. Nothing of it is run.

Exits with 2 if it is no module that onstream runs, and tells why.`,
		Example: `  onstream module inspect score.wasm
  onstream module inspect --output json score.wasm`,
		Args: cobra.ExactArgs(1),
	}
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		data, err := wasm.Read(args[0])
		if err != nil {
			return invalid(err)
		}
		about, err := inspectModule(data)
		if err != nil {
			return invalid(fmt.Errorf("%s: %w", args[0], err))
		}
		if output.value == "json" {
			return c.writeJSON(about)
		}
		return about.write(c.stdout, args[0])
	}
	return cmd
}

// moduleJSON is what is known of a module.
type moduleJSON struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Interface is what it was written for.
	Interface string             `json:"interface"`
	Manifest  *manifest.Manifest `json:"manifest"`
	Memory    memoryJSON         `json:"memory"`
	TimeMS    int64              `json:"time_ms"` // that a call may take
	limits    host.Limits
	Imports   []string `json:"imports"`
	Exports   []string `json:"exports"`
}

type memoryJSON struct {
	Begins int64 `json:"begins"` // bytes that it has at the start
	Limit  int64 `json:"limit"`  // that it may grow to
}

func inspectModule(data []byte) (*moduleJSON, error) {
	d, err := wasm.Inspect(data, "")
	if err != nil {
		return nil, err
	}
	m, err := wasmbinary.Decode(data, wasmbinary.DefaultBounds())
	if err != nil {
		return nil, err
	}
	limits, written := host.DefaultLimits(), abi.Module
	if d.Interface != nil {
		written = d.Interface.ABI
	}
	x := &moduleJSON{Bytes: len(data), SHA256: hex.EncodeToString(d.Digest[:]), Interface: written, Manifest: d.Manifest, TimeMS: limits.Time.Milliseconds()}
	x.Memory.Limit = limits.Memory
	if n := d.Manifest.Limits.Memory; n > 0 {
		x.Memory.Limit = n
	}
	if n := d.Manifest.Limits.TimeMS; n > 0 {
		x.TimeMS = n
	}
	x.limits = limits
	x.limits.Memory, x.limits.Time = x.Memory.Limit, time.Duration(x.TimeMS)*time.Millisecond
	for _, l := range m.Memories {
		x.Memory.Begins = int64(l.Min) << 16
	}
	for _, i := range m.Imports {
		x.Imports = append(x.Imports, i.Module+"."+i.Name)
	}
	for _, e := range m.Exports {
		x.Exports = append(x.Exports, e.Name)
	}
	slices.Sort(x.Imports)
	x.Imports = slices.Compact(x.Imports) // a module may import a thing twice
	return x, nil
}

// named is what a module is called.
func named(m *manifest.Manifest) string {
	name := m.Name
	if name == "" {
		name = "a module without a name"
	}
	return strings.TrimSpace(name + " " + m.Version)
}

// write tells it to people.
func (x *moduleJSON) write(out io.Writer, path string) error {
	m := x.Manifest
	fmt.Fprintf(out, "%s: %s\n", path, named(m))
	if m.Doc != "" {
		fmt.Fprintf(out, "%s\n", m.Doc)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, format string, args ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	row("interface", "%s", x.Interface)
	row("takes", "%s%s", m.Mode, fieldTexts(m.Inputs))
	row("returns", "%s%s", m.Returns, fieldTexts(m.Outputs))
	if len(m.Ports) > 0 {
		row("ports", "%s", strings.Join(m.Ports, ", "))
	}
	for i, p := range m.Parameters {
		name := "parameters"
		if i > 0 {
			name = ""
		}
		row(name, "%s", parameterText(p))
	}
	if len(m.State.Spaces) > 0 {
		row("state", "%s, version %d", strings.Join(m.State.Spaces, ", "), m.State.Version)
	}
	if m.Volatile {
		row("volatile", "what it returns depends on more than what it is given")
	}
	for _, g := range m.Grants {
		row("wants", "%s", g)
	}
	row("memory", "%s bytes at the start", count(x.Memory.Begins))
	row("limits", "%s, unless the stage has others", x.limits)
	for i, of := range byModule(x.Imports) {
		row([]string{"imports", ""}[min(i, 1)], "%s", of)
	}
	row("exports", "%s", listed(x.Exports))
	row("size", "%s bytes", count(int64(x.Bytes)))
	row("sha256", "%s", x.SHA256)
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

// byModule lists imports, a text for each module that they are of.
func byModule(imports []string) []string {
	var texts []string
	last := ""
	for _, x := range imports {
		module, name, _ := strings.Cut(x, ".")
		if module != last {
			texts = append(texts, "of "+module+": "+name)
			last = module
			continue
		}
		texts[len(texts)-1] += ", " + name
	}
	if texts == nil {
		return []string{"none"}
	}
	return texts
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// fieldTexts are columns as the language has them.
func fieldTexts(fs []manifest.Field) string {
	var texts []string
	for _, f := range fs {
		typ := f.Type
		if f.Optional {
			typ = "optional(" + typ + ")"
		}
		texts = append(texts, f.Name+" = "+typ)
	}
	if texts == nil {
		return ""
	}
	return " { " + strings.Join(texts, ", ") + " }"
}

func parameterText(p manifest.Parameter) string {
	text := p.Name + " = " + p.Type
	if p.Default != nil {
		text += fmt.Sprintf(", %s unless given", defaultText(p))
	}
	if p.Min != nil {
		text += ", at least " + p.Show(*p.Min)
	}
	if p.Max != nil {
		text += ", at most " + p.Show(*p.Max)
	}
	if p.Enum != nil {
		text += ", one of " + strings.Join(p.Enum, ", ")
	}
	if p.Hot {
		text += ", hot"
	}
	if p.Doc != "" {
		text += ": " + p.Doc
	}
	return text
}

// defaultText is the default of a parameter, as it is in the manifest, or where that is a number of µs, as what that is.
func defaultText(p manifest.Parameter) string {
	if s, err := p.DefaultSetting(); err == nil && (s.Type == abi.Duration || s.Type == abi.Time) {
		return p.Show(float64(s.Int))
	}
	return string(p.Default)
}
