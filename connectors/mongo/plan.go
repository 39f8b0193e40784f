package mongo

import (
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// maxDocument is how large a document may be, in bytes.
const maxDocument = 16 << 20

// plan is what a sink does with records.
type plan struct {
	mode       string
	collection string // "" where each record says so
	ordered    bool
	id         []idField
	byFields   bool              // the fields of id are looked for, and not _id
	made       map[string]target // what the fields of the encoded record are, where it is made of expressions for an update; nil otherwise
	unset      []string
	update     bool // there is a block update
	types      *typeNode
	form       form
	maxBytes   int
	maxRecords int
	create     plugins.Config
	creates    bool
}

// idField is a part of the id.
type idField struct {
	path []string // in the encoded record
	name string   // in _id, or the path in documents
}

// target is where a value of an update goes.
type target struct {
	operator int // in operators; -1 for a part of the id
	path     string
}

func newPlan(c plugins.Config) (*plan, error) {
	p := &plan{
		mode: modeOf(c), ordered: c.Bool("ordered"), byFields: c.String("id_as") == "fields", form: formOf(c.String("json")),
		maxBytes: int(c.Int("max_bytes")), maxRecords: int(c.Int("max_records")), types: &typeNode{},
		update: len(c.Blocks("update")) > 0, create: c.Block("create"), creates: len(c.Blocks("create")) > 0,
	}
	if name, same := plugins.ConstantOf(c.Expr("collection")); same {
		if err := checkName(name.Text); err != nil {
			return nil, plugins.ConfigErrorf("collection", "%v", err)
		}
		p.collection = name.Text
	}
	ids := c.Exprs("id")
	switch {
	case p.mode != "insert" && len(ids) == 0:
		return nil, plugins.ConfigErrorf("id", "%s needs to know which document is meant: write id = [event.FIELD]", p.mode)
	case p.mode == "insert" && p.byFields && len(ids) > 0:
		return nil, plugins.ConfigErrorf("id_as", "insert looks for no document: leave id_as out, or write another mode")
	case p.update && (p.mode == "insert" || p.mode == "delete"):
		return nil, plugins.ConfigErrorf("update", "%s changes no document: leave the block out, or write mode = \"upsert\" or \"update\"", p.mode)
	case p.update && c.Has("body"):
		return nil, plugins.ConfigErrorf("body", "the block update says what is written: leave body out")
	case p.mode == "delete" && c.Has("body"):
		return nil, plugins.ConfigErrorf("body", "delete writes nothing: leave body out")
	}
	if err := checkTypes(c.StringMap("types")); err != nil {
		return nil, err
	}
	if p.update || p.mode == "delete" {
		if err := p.planUpdate(c); err != nil {
			return nil, err
		}
	} else {
		p.types.knowTypes(c.Payload().Type)
		for path, as := range c.StringMap("types") {
			p.types.add(strings.Split(path, "."), as)
		}
	}
	if err := p.planID(c, ids); err != nil {
		return nil, err
	}
	return p, checkCreate(c, p)
}

// planID says where the parts of the id are.
func (p *plan) planID(c plugins.Config, ids []plugins.NamedExpr) error {
	for i, x := range ids {
		elements := plugins.SplitPath(x.Name)
		f := idField{path: elements}
		if len(elements) == 0 && (p.made == nil || len(ids) > 1 || p.byFields) {
			return plugins.ConfigErrorf("id", "element %d is no field of the record, such as event.device: let a transform \"map\" make it a field", i+1)
		}
		if len(elements) > 0 {
			f.name = elements[len(elements)-1]
			if p.byFields {
				f.name = strings.Join(elements, ".")
				if err := checkPath("id", f.name); err != nil && f.name != "_id" {
					return err
				}
			}
		}
		switch {
		case p.made != nil:
			f.path = []string{idName(i)}
		case len(c.Exprs("body")) > 0 && !slices.ContainsFunc(c.Exprs("body"), func(b plugins.NamedExpr) bool { return b.Name == elements[0] }):
			return plugins.ConfigErrorf("id", "body has no field %q: add it there, or take another one", elements[0])
		}
		if slices.ContainsFunc(p.id, func(o idField) bool { return o.name == f.name }) {
			return plugins.ConfigErrorf("id", "two fields are called %q: let a transform \"map\" give one of them another name", f.name)
		}
		if len(ids) > 1 && !p.byFields && (strings.HasPrefix(f.name, "$") || f.name == "") {
			return plugins.ConfigErrorf("id", "%q is no name in a document: let a transform \"map\" give the field another one", f.name)
		}
		p.id = append(p.id, f)
	}
	return nil
}

// planUpdate says where the values of the operators go.
func (p *plan) planUpdate(c plugins.Config) error {
	p.made = map[string]target{}
	paths := map[string]string{} // with the attribute that has them
	update := c.Block("update")
	known := c.Payload().Type
	types := c.StringMap("types")
	for o, operator := range operators {
		for _, x := range update.Exprs(operator.attr) {
			at := "update." + operator.attr
			if err := checkPath(at, x.Name); err != nil {
				return err
			}
			if other := paths[x.Name]; other != "" {
				return plugins.ConfigErrorf(at, "%s is in %s, too: one update changes a field once", x.Name, other)
			}
			paths[x.Name] = operator.attr
			name := operator.attr + "." + x.Name
			p.made[name] = target{o, x.Name}
			if t, ok := known.Field(name); ok {
				p.types.knowTypes(t, name)
			}
			if as := types[x.Name]; as != "" {
				p.types.add([]string{name}, as)
			}
		}
	}
	for _, path := range update.Strings("unset") {
		if err := checkPath("update.unset", path); err != nil {
			return err
		}
		if other := paths[path]; other != "" {
			return plugins.ConfigErrorf("update.unset", "%s is in %s, too: one update changes a field once", path, other)
		}
		paths[path] = "unset"
		p.unset = append(p.unset, path)
	}
	if p.update && len(paths) == 0 {
		return plugins.ConfigErrorf("update", "it changes nothing: write set = { FIELD = EXPRESSION }, or leave the block out")
	}
	for i, x := range c.Exprs("id") {
		p.made[idName(i)] = target{operator: -1}
		if t, ok := known.Field(idName(i)); ok {
			p.types.knowTypes(t, idName(i))
		}
		if as := types[strings.Join(plugins.SplitPath(x.Name), ".")]; as != "" {
			p.types.add([]string{idName(i)}, as)
		}
	}
	return nil
}

// checkName refuses what is no name of a collection.
func checkName(name string) error {
	switch {
	case name == "":
		return errNoName
	case strings.ContainsAny(name, "$\x00"), strings.HasPrefix(name, "system."), strings.HasPrefix(name, "."), len(name) > 200:
		return &nameError{name}
	}
	return nil
}
