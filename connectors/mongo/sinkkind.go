package mongo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

func sinkKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "mongo",
		Via:  Service,
		Schema: plugins.Schema{
			Doc: "Writes records to a collection of MongoDB, as documents: in bulks of what there is, in order, confirmed as the connector says. With `id`, what those fields hold is the `_id` of the document, so that a record that comes twice is there once. Nothing of a record is ever an operator. A record that the server refuses, such as one whose key is there already or one of more than 16 MB, goes to the error output, and the others are written.",
			Example: `connector "mongo" "store" {
  uri = "mongodb://mongo.example.com/plant"
}

sink "mongo" "history" {
  from       = transform.minute
  via        = connector.store
  collection = "minutes"
  id         = [event.device, event.until] # a record that comes again is the same document
}

# Counts what came, in the document of the device.
sink "mongo" "devices" {
  from       = transform.minute
  via        = connector.store
  collection = "devices"
  mode       = "upsert"
  id         = [event.device]
  update {
    set = { seen = event.until, peak_c = event.peak_c }
    inc = { readings = event.n }
  }
}`,
			Attrs: []plugins.Attr{
				{Name: "collection", Type: plugins.AttrExpr, Required: true, Want: plugins.Of(plugins.String), Doc: "The collection; an expression, so that each record may say where it goes."},
				{Name: "mode", Type: plugins.AttrString, Enum: []string{"insert", "upsert", "update", "delete"}, Doc: "What is done with a record. insert adds a document. upsert puts it in the place of the one with the same id, or adds it. update sets the fields of the record in the document with that id, and does nothing where there is none. delete removes that one. Without it, upsert where there is an id, and insert otherwise."},
				{Name: "id", Type: plugins.AttrExprList, Doc: "The fields that tell a document from all others. One is the `_id` of the document as it is, of several it is an object of them, in this order: {device, until}. A record in which one is missing, null or a list fails. The numbers 1 and 1.0 are the same id."},
				{Name: "id_as", Type: plugins.AttrString, Default: "_id", Enum: []string{"_id", "fields"}, Doc: "What id is: the `_id` of documents, or fields of theirs by which they are found, while `_id` is what the server makes. Then a unique index is needed, see create.index: without it, what is written again while the first attempt is still under way is there twice."},
				{Name: "ordered", Type: plugins.AttrBool, Default: true, Doc: "Whether records are written in the order in which they came. If not, those with different ids are written in any order, and of a sharded collection at the same time; those with the same id keep their order."},
				{Name: "body", Type: plugins.AttrExprMap, Doc: "What is written in place of the record: an object of expressions."},
				{Name: "types", Type: plugins.AttrStringMap, Doc: "What fields are that JSON has no type for, by their paths: { \"at\" = \"date\", \"owner.ref\" = \"objectid\" }. The types are date, objectid, decimal, binary, double, int and long. Fields that the pipeline knows as time, bytes and float are dates, binary and doubles without it; of others a number without a fraction is a long."},
				{Name: "json", Type: plugins.AttrString, Default: "plain", Enum: []string{"plain", "extended"}, Doc: "With extended, objects such as {\"$oid\": \"...\"} in records are values as Extended JSON of MongoDB has them. With plain they are documents, as they stand."},
				{Name: "max_bytes", Type: plugins.AttrSize, Default: int64(8 << 20), Min: plugins.Bound(1 << 10), Max: plugins.Bound(maxDocument), Doc: "Bytes of a bulk at most; a single larger record is sent all the same."},
				{Name: "max_records", Type: plugins.AttrInt, Default: int64(5000), Min: plugins.Bound(1), Max: plugins.Bound(100000), Doc: "Records in a bulk at most."},
			},
			Blocks: []plugins.Block{
				{Name: "update", Doc: "What is done to the document, in place of what the mode does with the fields of the record. The names on the left are fields of the document, with dots for those within others.", Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "set", Type: plugins.AttrExprMap, Doc: "Fields that get a value."},
					{Name: "set_on_insert", Type: plugins.AttrExprMap, Doc: "Fields that get a value where upsert adds the document."},
					{Name: "inc", Type: plugins.AttrExprMap, Doc: "Fields to which a number is added. A record that comes again is added again."},
					{Name: "min", Type: plugins.AttrExprMap, Doc: "Fields that get a value that is smaller than theirs."},
					{Name: "max", Type: plugins.AttrExprMap, Doc: "Fields that get a value that is larger than theirs."},
					{Name: "push", Type: plugins.AttrExprMap, Doc: "Lists to which a value is appended. A record that comes again is appended again."},
					{Name: "add_to_set", Type: plugins.AttrExprMap, Doc: "Lists to which a value is appended that is not in them."},
					{Name: "unset", Type: plugins.AttrStrings, Doc: "Fields that are taken out of the document."},
				}}},
				{Name: "create", Doc: "Makes the collection, and what it needs, at the start. What is there already has to be the same.", Schema: plugins.Schema{
					Attrs: []plugins.Attr{
						{Name: "index", Type: plugins.AttrBool, Default: false, Doc: "Whether to make a unique index of the fields of id, for id_as = \"fields\"."},
						{Name: "ttl_field", Type: plugins.AttrString, Doc: "The field with a date after which documents expire; not for time series, whose time is that."},
						{Name: "expire_after", Type: plugins.AttrDuration, Min: plugins.Bound(1), Doc: "How long after that date documents are removed, in whole seconds."},
					},
					Blocks: []plugins.Block{{Name: "time_series", Doc: "Makes it a time-series collection, of MongoDB 5 or newer. Records can only be inserted.", Schema: plugins.Schema{Attrs: []plugins.Attr{
						{Name: "time_field", Type: plugins.AttrString, Required: true, Doc: "The field with the date of a measurement. It has to be a date: a time of the pipeline's, or named in types."},
						{Name: "meta_field", Type: plugins.AttrString, Doc: "The field that tells where measurements come from."},
						{Name: "granularity", Type: plugins.AttrString, Default: "seconds", Enum: []string{"seconds", "minutes", "hours"}, Doc: "How far apart measurements of one place are."},
					}}}},
				}},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Topic:         "collection",
		BodyOf:        bodyOf,
		Check:         checkSink,
		Capabilities:  capabilities,
		New: func(c plugins.Config, env plugins.Env) (plugins.Sink, error) {
			p, err := newPlan(c)
			if err != nil {
				return nil, err
			}
			via, ok := env.Connection.(*connection)
			if !ok {
				return nil, fmt.Errorf("its connection is none to MongoDB: that is a mistake in the kind of the connector")
			}
			return newWriter(via, p, env), nil
		},
	}
}

// operators are the attributes of the block update, in the order in which they are written.
var operators = []struct {
	attr, name string
	repeatable bool // doing it twice is as doing it once
}{
	{"set", "$set", true}, {"set_on_insert", "$setOnInsert", true}, {"inc", "$inc", false}, {"min", "$min", true},
	{"max", "$max", true}, {"push", "$push", false}, {"add_to_set", "$addToSet", true},
}

// modeOf returns what is done with records.
func modeOf(c plugins.Config) string {
	switch mode := c.String("mode"); {
	case mode != "":
		return mode
	case len(c.Exprs("id")) > 0:
		return "upsert"
	default:
		return "insert"
	}
}

// bodyOf returns what is encoded: the values of the operators of an update, and of the id. Otherwise it is the record, or
// what body says.
func bodyOf(c plugins.Config) []plugins.NamedExpr {
	updates := len(c.Blocks("update")) > 0
	if !updates && modeOf(c) != "delete" {
		return c.Exprs("body")
	}
	var all []plugins.NamedExpr
	for i, x := range c.Exprs("id") {
		all = append(all, plugins.NamedExpr{Name: idName(i), Expr: x.Expr})
	}
	for _, o := range operators {
		for _, x := range c.Block("update").Exprs(o.attr) {
			all = append(all, plugins.NamedExpr{Name: o.attr + "." + x.Name, Expr: x.Expr})
		}
	}
	return all
}

func idName(i int) string { return fmt.Sprintf("id.%d", i) }

// checkSink finds what the schema cannot say.
func checkSink(c plugins.Config) error {
	if c.Payload().Format != "json" {
		return plugins.ConfigErrorf("format", "documents are made of JSON: leave format out, and let a transform make the record what it is to be")
	}
	_, err := newPlan(c)
	return err
}

// capabilities says what a sink can promise.
func capabilities(c plugins.Config) plugins.Capabilities {
	mode := modeOf(c)
	can := plugins.Capabilities{Ordered: c.Bool("ordered"), Idempotent: mode != "insert"}
	for _, o := range operators {
		if !o.repeatable && len(c.Block("update").Exprs(o.attr)) > 0 {
			can.Idempotent = false
			can.Weakens = fmt.Sprintf("a record whose confirmation is lost is written again, and %s of update does again what it did", o.attr)
		}
	}
	if mode == "insert" && len(c.Exprs("id")) == 0 {
		can.Weakens = "what was on its way when the process ended is inserted again: set id where a record has something that tells it from all others"
	}
	if mode == "upsert" && c.String("id_as") == "fields" && !c.Block("create").Bool("index") {
		can.Idempotent = false
		can.Weakens = "without a unique index of the fields of id, a record that is written again while the first attempt is still under way is there twice: set index in a block create"
	}
	if why := weakConcern(c); why != "" {
		can.Weakens = why
	}
	return can
}

// weakConcern says what is lost because the connector asks for less than a majority and the journal.
func weakConcern(c plugins.Config) string {
	kind, config := c.Connector()
	if kind.Name == "" {
		return ""
	}
	at, err := parseURI(config.Secret("uri").Reveal())
	if err != nil {
		return ""
	}
	w := config.String("write_concern")
	if w == "" {
		w = at.written
	}
	journaled := !at.unjournaled
	if config.Has("journal") {
		journaled = config.Bool("journal")
	}
	switch {
	case w != "" && w != "majority":
		return fmt.Sprintf("with write_concern %q, what a majority of the members does not have yet is rolled back when the primary dies", w)
	case !journaled:
		return "without journal, what a majority of the members has only in memory is lost when they die together"
	}
	return ""
}

// checkPath refuses what is no path of a field in a document.
func checkPath(at, path string) error {
	for _, name := range strings.Split(path, ".") {
		if name == "" || strings.HasPrefix(name, "$") || strings.ContainsRune(name, 0) {
			return plugins.ConfigErrorf(at, "%q is no field of a document: names have no $ in front and are not empty, and dots stand between those within each other", path)
		}
	}
	if path == "_id" {
		return plugins.ConfigErrorf(at, "_id of a document never changes: leave it out, and say what it is with id")
	}
	return nil
}

// checkCreate finds what is wrong with the block create.
func checkCreate(c plugins.Config, p *plan) error {
	if len(c.Blocks("create")) == 0 {
		return nil
	}
	create := c.Block("create")
	series := len(create.Blocks("time_series")) > 0
	switch {
	case p.collection == "":
		return plugins.ConfigErrorf("create", "only one collection can be made, and here each record says where it goes: make them yourself, or write a name for collection")
	case series && p.mode != "insert":
		return plugins.ConfigErrorf("create.time_series", "measurements are only inserted: write mode = \"insert\", without id")
	case series && create.Has("ttl_field"):
		return plugins.ConfigErrorf("create.ttl_field", "measurements expire by time_field: leave ttl_field out")
	case series && len(p.id) > 0:
		return plugins.ConfigErrorf("id", "_id of a measurement tells it from no other: leave id out")
	case !series && create.Has("expire_after") != create.Has("ttl_field"):
		return plugins.ConfigErrorf("create.expire_after", "ttl_field and expire_after belong together: set both, or neither")
	case create.Bool("index") && !p.byFields:
		return plugins.ConfigErrorf("create.index", "_id has a unique index already: leave index out, or write id_as = \"fields\"")
	case create.Has("expire_after") && create.Duration("expire_after")%time.Second != 0:
		return plugins.ConfigErrorf("create.expire_after", "documents expire after whole seconds")
	}
	if f := create.String("ttl_field"); f != "" {
		if err := checkPath("create.ttl_field", f); err != nil {
			return err
		}
	}
	return nil
}

// checkTypes refuses types that there are not.
func checkTypes(types map[string]string) error {
	for path, as := range types {
		if !slices.Contains(typeNames, as) {
			return plugins.ConfigErrorf("types", "%q is to be %q, and there is no such type: it is one of %s", path, as, strings.Join(typeNames, ", "))
		}
	}
	return nil
}
