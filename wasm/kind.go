package wasm

import (
	"fmt"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/manifest"
)

func kind(l *library) plugins.TransformKind {
	return plugins.TransformKind{
		Name: "wasm",
		Schema: plugins.Schema{
			Doc: "Runs a WebAssembly module that somebody wrote in a language of their own: a behaviour, of the interface onstream_v1 (wasm/sdk/ABI.md), or one that was written for Extism, Redpanda's data transforms or WASI. It has no files, no network and no clock but the pipeline's, and limits on time, memory and all else. A record for which it fails, or on which it takes too long, leaves by the error output with the code trap, timeout, limit, frame or module_error, and the others go on.",
			Example: `transform "wasm" "score" {
  from   = source.readings
  module = "behaviours/score.wasm"
  inputs = { temperature = event.temperature }
  config = { limit = 3.0 }
}`,
			Attrs: []plugins.Attr{
				{Name: "module", Type: plugins.AttrFile, Required: true, Doc: "The file with the module, or the folder of a behaviour's project, which is then built with the compiler of its language and kept until its sources change. A relative path starts at the pipeline's folder."},
				{Name: "sha256", Type: plugins.AttrString, Doc: "The SHA-256 of the module in hexadecimal digits: another one is not run. With a folder it is that of the module which is built of it, as onstream module build tells it."},
				{Name: "abi", Type: plugins.AttrString, Enum: interfaceNames(), Doc: "What the module was written for: this interface (onstream), Extism, Redpanda's data transforms, or WASI, which is a program that reads and writes lines. What it imports and exports tells that, unless given."},
				{Name: "function", Type: plugins.AttrString, Doc: "The function of a plug-in of Extism that is called for each record. One that has several needs it."},
				{Name: "args", Type: plugins.AttrStrings, Doc: "Arguments of a program of WASI."},
				{Name: "ports", Type: plugins.AttrStrings, Doc: "Names of outputs besides the one without a name: topics that a data transform of Redpanda writes to."},
				{Name: "config", Type: plugins.AttrExprMap, Doc: "Values of the module's parameters, which are the same for all records of a batch. They may depend on settings: a new value reaches the module before the next batch, in the instance that runs where the parameter is hot. For other hosts' modules the configuration of Extism, and variables of the environment."},
				{Name: "grant", Type: plugins.AttrStrings, Doc: "What the module may do besides: \"http:HOST\" for HTTP requests to a host, \"http:HOST:PORT\" where the port is not that of http or https. A module that asks for more, or for what it is not granted, is refused."},
				{Name: "value", Type: plugins.AttrExpr, Doc: "What a module that takes records is given as the value of each; the payload unless given. Write event for the record as JSON, where stages before have changed it."},
				{Name: "inputs", Type: plugins.AttrExprMap, Doc: "The columns of a module that takes columns, by the names that it has for them."},
				{Name: "time", Type: plugins.AttrExpr, Want: plugins.Of(plugins.Time), Doc: "When what the record tells has happened: what the module sees as its time, and by which its timers of event time are due."},
				{Name: "max_ahead", Type: plugins.AttrDuration, Default: time.Hour, Min: plugins.Bound(0), Doc: "How far the time of a record may be ahead of the pipeline's clock. One further ahead fails with the code clock_ahead."},
				{Name: "lateness", Type: plugins.AttrDuration, Default: time.Duration(0), Min: plugins.Bound(0), Doc: "How far event time, as the module is told it, is behind the second latest time that a key has shown."},
				{Name: "max_keys", Type: plugins.AttrInt, Default: int64(10_000_000), Min: plugins.Bound(1), Doc: "Keys to keep at a time, in each lane; records of others fail with the code max_keys. Those that are not in use may be on disk."},
			},
			Blocks: []plugins.Block{{
				Name: "limits", Doc: "What an instance of the module may use. A module may ask for less, and not for more.",
				Schema: plugins.Schema{Attrs: limitAttrs()},
			}},
		},
		Payload:       true,
		DefaultFormat: "json",
		Keyed:         true,
		Locals: func(attr string, _ []plugins.Shape, _ plugins.Config) ([]plugins.Local, bool) {
			return nil, attr != "config"
		},
		Outputs: func(in plugins.Shape, c plugins.Config) ([]plugins.Output, error) {
			p, err := newPlan(l, c)
			if err != nil {
				return nil, err
			}
			return p.outputs(in)
		},
		Stateful:  true,
		StateJSON: func(_ string, value []byte) []byte { return keptJSON(value) },
		Describe:  func(c plugins.Config) plugins.Description { return describe(l, c) },
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			p, err := newPlan(l, c)
			if err != nil {
				return nil, err
			}
			return newStage(p, l, c, env), nil
		},
	}
}

// describe says what a stage is by the module that it has.
func describe(l *library, c plugins.Config) plugins.Description {
	p, err := newPlan(l, c)
	if err != nil { // the file has just been replaced, and what comes next tells; until then it is taken for the worst
		return plugins.Description{State: "what is not known", Volatile: true}
	}
	d := p.module
	out := plugins.Description{
		Volatile: d.Manifest.Volatile || d.Timers || d.Watermark,
		Contents: l.keep(c, d), Remarks: p.remarks(),
	}
	if !d.Stateless() || c.Has("time") {
		out.State = fmt.Sprintf("%s, version %d of its state%s%s", d.Manifest.Name, d.Manifest.State.Version, spacesText(d.Manifest.State.Spaces), byText(c.Expr("key")))
	}
	return out
}

// spacesText says which namespaces the state has: a module names them by their numbers.
func spacesText(spaces []string) string {
	if len(spaces) == 0 {
		return ""
	}
	return " (" + strings.Join(spaces, ", ") + ")"
}

// byText says what the state is divided by.
func byText(key plugins.Expr) string {
	if key == nil {
		return ""
	}
	return " by " + key.String() + " (" + key.Type().String() + ")"
}

// outputs returns the stage's outputs for an input of a shape.
func (p *plan) outputs(in plugins.Shape) ([]plugins.Output, error) {
	says := p.module.Manifest
	if says.Mode == manifest.Records && !p.hasValue && !in.Untouched() {
		return nil, plugins.ConfigErrorf("value", "the records have no payload here, or not the one that they came with, and the module takes payloads: write value = event to give it the record as JSON")
	}
	switch says.Returns {
	case manifest.Selection:
		return []plugins.Output{{Shape: in}}, nil
	case manifest.Columns:
		fields := make([]plugins.Field, len(p.added))
		for i, a := range p.added {
			fields[i] = a.Field
		}
		return []plugins.Output{{Shape: in.With(fields)}}, nil
	}
	shape := p.payload
	shape.Generation = in.Generation + 1
	outs := []plugins.Output{{Shape: shape}}
	for _, name := range says.Ports {
		outs = append(outs, plugins.Output{Name: name, Shape: shape})
	}
	return outs, nil
}
