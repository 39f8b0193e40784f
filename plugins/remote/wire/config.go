package wire

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// key is the attribute in which the configuration of a sink has the stage's key, which no schema has.
const key = "key"

// FromConfig returns the message of a block, and the expressions in it that the host is to evaluate for each batch: under the names
// of their columns, which no field of a record can have. What is constant needs none, and what the engine itself makes of the
// attributes named (the topic and the body of a sink, its key) is told in other ways.
func FromConfig(c plugins.Config, s plugins.Schema, engine ...string) (*pb.Config, []plugins.NamedExpr, error) {
	f := &configWriter{engine: engine}
	p, err := f.config(c, s)
	if err != nil {
		return nil, nil, err
	}
	if _, own := s.Attr(key); !own && slices.Contains(engine, key) && c.Has(key) {
		p.Settings = append(p.Settings, &pb.Setting{Name: key, Value: &pb.Setting_Expression{Expression: fromExpr(c.Expr(key), "")}})
	}
	return p, f.columns, nil
}

type configWriter struct {
	engine  []string // applies to the attributes of the block itself, not to those of blocks in it
	columns []plugins.NamedExpr
}

func (f *configWriter) config(c plugins.Config, s plugins.Schema) (*pb.Config, error) {
	p := &pb.Config{}
	for _, a := range s.Attrs {
		if !c.Has(a.Name) {
			continue
		}
		x, err := f.setting(c, a)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		p.Settings = append(p.Settings, x)
	}
	outer := f.engine
	f.engine = nil
	for _, kind := range s.Blocks {
		for _, b := range c.Blocks(kind.Name) {
			inner, err := f.config(b.Config, kind.Schema)
			if err != nil {
				return nil, fmt.Errorf("block %q: %w", b.Name, err)
			}
			p.Blocks = append(p.Blocks, &pb.ConfigBlock{Name: b.Name, Label: b.Label, Config: inner})
		}
	}
	f.engine = outer
	return p, nil
}

func (f *configWriter) setting(c plugins.Config, a plugins.Attr) (*pb.Setting, error) {
	switch a.Type {
	case plugins.AttrString, plugins.AttrFile:
		return fromSetting(a, c.String(a.Name))
	case plugins.AttrInt, plugins.AttrSize:
		return fromSetting(a, c.Int(a.Name))
	case plugins.AttrFloat:
		return fromSetting(a, c.Float(a.Name))
	case plugins.AttrBool:
		return fromSetting(a, c.Bool(a.Name))
	case plugins.AttrDuration:
		return fromSetting(a, c.Duration(a.Name))
	case plugins.AttrStrings:
		return fromSetting(a, c.Strings(a.Name))
	case plugins.AttrStringMap:
		return fromSetting(a, c.StringMap(a.Name))
	case plugins.AttrValue:
		return fromSetting(a, c.Value(a.Name))
	case plugins.AttrSecret:
		return fromSetting(a, c.Secret(a.Name))
	case plugins.AttrExpr:
		x := c.Expr(a.Name)
		return &pb.Setting{Name: a.Name, Value: &pb.Setting_Expression{Expression: fromExpr(x, f.column(a.Name, x))}}, nil
	case plugins.AttrExprMap:
		all := &pb.Expressions{}
		for _, n := range c.Exprs(a.Name) {
			all.Values = append(all.Values, &pb.NamedExpression{Name: n.Name, Expression: fromExpr(n.Expr, f.column(a.Name, n.Expr))})
		}
		return &pb.Setting{Name: a.Name, Value: &pb.Setting_Expressions{Expressions: all}}, nil
	default:
		return nil, fmt.Errorf("type %q is none that a plugin can have", a.Type)
	}
}

// column returns the name of an expression's column, "" for those that have none.
func (f *configWriter) column(attr string, x plugins.Expr) string {
	if _, constant := plugins.ConstantOf(x); constant || slices.Contains(f.engine, attr) {
		return ""
	}
	name := plugins.LocalPath("x", strconv.Itoa(len(f.columns)))
	f.columns = append(f.columns, plugins.NamedExpr{Name: name, Expr: x})
	return name
}

// ToConfig returns the configuration of a message, of a block with a schema.
func ToConfig(p *pb.Config, s plugins.Schema) (plugins.Config, error) {
	own, hasKey := s.Attr(key)
	if !hasKey {
		own = plugins.Attr{Name: key, Type: plugins.AttrExpr}
	}
	return toConfig(p, s, &own, MaxDepth)
}

func toConfig(p *pb.Config, s plugins.Schema, besides *plugins.Attr, depth int) (none plugins.Config, err error) {
	if depth == 0 {
		return none, fmt.Errorf("blocks are nested more than %d deep", MaxDepth)
	}
	attrs := make(map[string]any, len(p.GetSettings()))
	for _, x := range p.GetSettings() {
		a, known := s.Attr(x.GetName())
		if !known && besides != nil && x.GetName() == besides.Name {
			a, known = *besides, true
		}
		if !known {
			return none, fmt.Errorf("the block has no attribute %q", x.GetName())
		}
		if attrs[a.Name] != nil {
			return none, fmt.Errorf("attribute %q is there twice", a.Name)
		}
		if attrs[a.Name], err = toSetting(a, x); err != nil {
			return none, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	var blocks []plugins.ConfigBlock
	for _, b := range p.GetBlocks() {
		i := slices.IndexFunc(s.Blocks, func(k plugins.Block) bool { return k.Name == b.GetName() })
		if i < 0 {
			return none, fmt.Errorf("the block has no block %q", b.GetName())
		}
		inner, err := toConfig(b.GetConfig(), s.Blocks[i].Schema, nil, depth-1)
		if err != nil {
			return none, fmt.Errorf("block %q: %w", b.GetName(), err)
		}
		blocks = append(blocks, plugins.ConfigBlock{Name: b.GetName(), Label: b.GetLabel(), Config: inner})
	}
	return plugins.NewConfig(attrs, blocks...), nil
}
