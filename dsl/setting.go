package dsl

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// declareSettings reads the setting blocks and sets their values.
func (b *builder) declareSettings() {
	for _, block := range b.declared("setting") {
		b.declareSetting(block)
	}
	for _, name := range slices.Sorted(maps.Keys(b.options.Settings)) {
		if _, ok := b.settings[name]; !ok {
			b.add(errorAnywhere("unknown setting", "--set sets %q, which no setting block declares; %s", name, hint(name, keys(b.settings))))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.settings)) {
		b.pipeline.SettingSpecs = append(b.pipeline.SettingSpecs, *b.settings[name])
	}
}

func (b *builder) declareSetting(block *hclsyntax.Block) {
	c := b.read(block.Body, form{what: "a setting", attrs: []string{"type", "default", "range", "options", "label", "description", "scope"}})
	spec := &SettingSpec{Name: block.Labels[0], Pos: posOf(block.DefRange())}
	b.settings[spec.Name] = spec
	spec.Label, spec.Description, spec.Scope = b.text(c.attr("label")), b.text(c.attr("description")), b.texts(c.attr("scope"))
	typ, def := c.attr("type"), c.attr("default")
	if typ == nil || def == nil {
		b.fail(block.DefRange(), "incomplete setting", "a setting has a type and a default")
		return
	}
	before := len(b.diags)
	spec.Type = b.typeOf(typ)
	switch k := spec.Type.Kind; {
	case len(b.diags) > before:
		return
	case spec.Type.Nullable || k == plugins.Any || k == plugins.Bytes || k.Nested():
		b.fail(typ.Expr.Range(), "wrong type", "a setting is bool, int, float, string, time or duration, not %s", spec.Type)
		return
	}
	b.settingLimits(spec, c)
	v, ok := b.typed(def, spec.Type)
	if !ok {
		v = sample(ctyType(spec.Type))
	} else if spec.Default, _ = expr.FromCty(v); true {
		if err := spec.check(spec.Default); err != nil {
			b.fail(def.Expr.Range(), "setting out of range", "%s", err)
		}
	}
	b.setSetting(spec, v)
}

// settingLimits reads range and options.
func (b *builder) settingLimits(spec *SettingSpec, c content) {
	isNumber := spec.Type.Kind == plugins.Int || spec.Type.Kind == plugins.Float
	if r := c.attr("range"); r != nil {
		elem := plugins.Of(plugins.Float)
		v, ok := b.typed(r, plugins.Type{Kind: plugins.List, Elem: &elem})
		if !ok {
			return
		}
		var bounds []float64
		for _, x := range v.AsValueSlice() {
			if n, err := expr.FromCty(x); err == nil {
				bounds = append(bounds, n.Float)
			}
		}
		if !isNumber || len(bounds) != 2 || bounds[0] > bounds[1] {
			b.fail(r.Expr.Range(), "invalid range", "a range is [LOWEST, HIGHEST], of a setting that is a number")
			return
		}
		spec.Min, spec.Max = &bounds[0], &bounds[1]
	}
	if o := c.attr("options"); o != nil {
		if spec.Type.Kind != plugins.String {
			b.fail(o.NameRange, "invalid options", "options belong to a setting that is a string")
			return
		}
		spec.Options = b.texts(o)
	}
}

// setSetting makes the setting, with the value of --set if there is one.
func (b *builder) setSetting(spec *SettingSpec, v cty.Value) {
	value, err := expr.FromCty(v)
	if err != nil {
		return // reported where it was evaluated
	}
	if s, ok := b.options.Settings[spec.Name]; ok {
		set, err := spec.parse(s)
		if err != nil {
			b.add(errorAnywhere("setting out of range", "--set %s: %s", spec.Name, err))
		} else {
			value = set
		}
	}
	if live := b.options.Live[spec.Name]; live != nil && live.Type.Equal(spec.Type) {
		b.pipeline.Settings[spec.Name] = live
		b.pipeline.pending[spec.Name] = value
		return
	}
	setting, err := expr.NewSetting(spec.Name, spec.Type, value)
	if err != nil {
		b.add(errorAnywhere("wrong type", "%s", err))
		return
	}
	b.pipeline.Settings[spec.Name] = setting
}

// SetLive gives the settings that were live when the pipeline was built (see
// [Options]) the values that its files say. Call it once the pipeline runs.
func (p *Pipeline) SetLive() error {
	var errs []error
	for name, v := range p.pending {
		errs = append(errs, p.Settings[name].Set(v))
	}
	return errors.Join(errs...)
}

func (s *SettingSpec) parse(text string) (plugins.Value, error) {
	v, err := parseText(text, s.Type)
	if err != nil {
		return plugins.Value{}, fmt.Errorf("%s %w", s.Name, err)
	}
	value, err := expr.FromCty(v)
	if err != nil {
		return plugins.Value{}, fmt.Errorf("%s %w", s.Name, err)
	}
	return value, s.check(value)
}

// check reports a value out of range.
func (s *SettingSpec) check(v plugins.Value) error {
	n := v.Float
	if v.Kind == plugins.Int {
		n = float64(v.Int)
	}
	switch {
	case s.Min != nil && (n < *s.Min || n > *s.Max):
		return fmt.Errorf("%s must be from %v to %v, not %v", s.Name, *s.Min, *s.Max, n)
	case s.Options != nil && !slices.Contains(s.Options, v.Text):
		return fmt.Errorf("%s cannot be %q; %s", s.Name, v.Text, hint(v.Text, s.Options))
	}
	return nil
}
