package wasm

import (
	"fmt"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/manifest"
)

// setParameters finds the value of each parameter: what the stage gives, or the default.
func (p *plan) setParameters(exprs []plugins.NamedExpr) error {
	given := map[string]plugins.Expr{}
	for _, x := range exprs {
		given[x.Name] = x.Expr
	}
	var names []string
	for _, q := range p.module.Manifest.Parameters {
		names = append(names, q.Name)
		x := given[q.Name]
		delete(given, q.Name)
		s, live, err := parameter(q, x)
		if err != nil {
			return err
		}
		if live {
			p.live = append(p.live, liveParameter{len(p.settings), q, x})
		}
		p.settings = append(p.settings, s)
	}
	for _, x := range exprs {
		if _, unknown := given[x.Name]; !unknown {
			continue
		}
		if len(names) == 0 {
			return plugins.ConfigErrorf("config", "the module has no parameters: remove config")
		}
		return plugins.ConfigErrorf("config."+x.Name, "the module has no parameter %q, it has %s", x.Name, strings.Join(names, ", "))
	}
	return nil
}

// parameter returns the value of a parameter, or that it is live: then it is known when the stage runs.
func parameter(q manifest.Parameter, x plugins.Expr) (s abi.Setting, live bool, err error) {
	t, _ := manifest.TypeOf(q.Type)
	if x == nil {
		if q.Default == nil {
			return s, false, plugins.ConfigErrorf("config", "%s (%s) has no default: write config = { %[1]s = ... }", q.Name, q.Type)
		}
		if s, err = q.DefaultSetting(); err != nil {
			return s, false, plugins.ConfigErrorf("module", "its manifest: the default of %v", err)
		}
		return s, false, nil
	}
	if v, ok := plugins.ConstantOf(x); ok {
		s, err = valueOf(q, v)
	} else if s, err = (abi.Setting{Name: q.Name, Type: t}), checkLive(q, x); err == nil {
		return s, true, nil
	}
	if err != nil {
		return s, false, plugins.ConfigErrorf("config."+q.Name, "%v", err)
	}
	return s, false, nil
}

// valueOf makes the value of a parameter.
func valueOf(q manifest.Parameter, v plugins.Value) (abi.Setting, error) {
	t, _ := manifest.TypeOf(q.Type)
	s, ok := setting(t, v)
	if s.Name = q.Name; !ok {
		return s, fmt.Errorf("%s is %s, of type %s, and is to be of type %s%s", q.Name, v, v.Kind, q.Type, example(t))
	}
	return s, q.Check(s)
}

// setting is a value as a parameter of a type, if it can be one.
func setting(t abi.Type, v plugins.Value) (s abi.Setting, ok bool) {
	s.Type, s.Int, s.Float, s.Text = t, v.Int, v.Float, v.Text
	switch {
	case t == abi.Float && v.Kind == plugins.Int:
		s.Float, s.Int = float64(v.Int), 0
		return s, true
	case t == abi.Duration && v.Kind == plugins.String:
		d, err := time.ParseDuration(v.Text)
		s.Int, s.Text = d.Microseconds(), ""
		return s, err == nil
	case t == abi.Time && v.Kind == plugins.String:
		at, err := time.Parse(time.RFC3339Nano, v.Text)
		s.Int, s.Text = at.UnixMicro(), ""
		return s, err == nil
	case t == abi.Duration || t == abi.Time:
		s.Int = micros(v.Int)
	}
	return s, takes(t, v.Kind)
}

func example(t abi.Type) string {
	switch t {
	case abi.Duration:
		return `, such as "1m30s"`
	case abi.Time:
		return `, such as "2026-01-02T15:04:05Z"`
	}
	return ""
}

// micros rounds a time or duration in ns down to µs.
func micros(ns int64) int64 {
	us := ns / 1000
	if ns < us*1000 {
		us--
	}
	return us
}
