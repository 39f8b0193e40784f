package mongo

import (
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// The modes of a source.
const (
	modeChanges  = "changes"
	modeSnapshot = "snapshot"
	modePoll     = "poll"
)

var errNoConnection = errors.New("its connection is no database of MongoDB: that is a mistake in the kind of the connector")

func sourceKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "mongo",
		Via:  Service,
		Schema: plugins.Schema{
			Doc: "Reads a collection of MongoDB. `changes` follows what is written to it, which a replica set tells (a change stream): a record has `operation` (insert, update, replace, delete), `id`, `document`, of updates `updated` (the new values by the names of fields) and `removed` (names), `before` where it is asked for, and `time`. `snapshot` brings all documents first (`operation` is then snapshot, with `id` and `document`), and then what was written since it began: what is written meanwhile may come both ways, and nothing is missed. `poll` asks for the documents behind the last value of a field that grows, for servers without change streams; its records are the documents, and what is deleted it does not see. `meta.key` is the id as text.",
			Example: `source "mongo" "orders" {
  via        = connector.store
  collection = "orders"
  mode       = "snapshot"
}`,
			Attrs: []plugins.Attr{
				{Name: "collection", Type: plugins.AttrString, Required: true, Doc: "The collection."},
				{Name: "mode", Type: plugins.AttrString, Default: modeChanges, Enum: []string{modeChanges, modeSnapshot, modePoll}, Doc: "What is read: what changes from now on, all documents and then what changes, or what has a cursor behind the last one."},
				{Name: "start_at", Type: plugins.AttrString, Doc: "A time such as \"2026-01-31T08:00:00Z\" since which changes are told, where there is no position yet and the oplog still has them."},
				{Name: "operations", Type: plugins.AttrStrings, Doc: "The changes that are told: insert, update, replace, delete; all of them where nothing is said."},
				{Name: "full_document", Type: plugins.AttrString, Default: "lookup", Enum: []string{"lookup", "none", "when_available", "required"}, Doc: "The document of an update: as it is when the update is read, which may be later than that update (null where it is gone); none; or just as the update left it, where the collection keeps that (changeStreamPreAndPostImages), or else the stage fails."},
				{Name: "before", Type: plugins.AttrString, Default: "none", Enum: []string{"none", "when_available", "required"}, Doc: "Whether records have the document before the change, which the collection must keep (changeStreamPreAndPostImages)."},
				{Name: "on_drop", Type: plugins.AttrString, Default: "stop", Enum: []string{"stop", "continue"}, Doc: "What to do when the collection is dropped or renamed: stop, as no change comes any more, or go on with the next collection of that name."},
				{Name: "cursor", Type: plugins.AttrString, Doc: "Of poll: the field that grows with each document that is written, such as updated_at or _id; with dots where it is within others. It needs an index, and all documents must have the same kind of value there; those without one are not read until they have it."},
				{Name: "interval", Type: plugins.AttrDuration, Default: time.Second, Min: plugins.Bound(0.001), Doc: "Of poll: how long to wait where there is nothing new."},
				{Name: "settle", Type: plugins.AttrDuration, Min: plugins.Bound(0), Doc: "Of poll, with dates as cursor: how old a document must be to be read. Where several writers set the cursor, one that is slow writes behind what was read already; so long it may take."},
				{Name: "match", Type: plugins.AttrValue, Doc: "An object of fields and values that documents must have: equality alone, and of the same type (7 and 7.0 are equal, \"7\" is another). Dates and the like are written as {\"$date\" = \"2026-01-31T08:00:00Z\"}. Deletes always come: what was deleted is not known any more."},
				{Name: "json", Type: plugins.AttrString, Default: "plain", Enum: []string{"plain", "extended"}, Doc: "How what JSON does not have is written: as the rest of the pipeline does (dates as RFC 3339, ObjectIds as hexadecimal digits, decimals as strings), or so that it reads back as the same type (MongoDB Extended JSON)."},
				{Name: "batch_size", Type: plugins.AttrInt, Default: int64(1000), Min: plugins.Bound(1), Max: plugins.Bound(100000), Doc: "How many documents to ask for at a time."},
				{Name: "max_bytes", Type: plugins.AttrSize, Default: int64(1 << 20), Min: plugins.Bound(1), Max: plugins.Bound(64 << 20), Doc: "How large a batch may grow before it is handed on; a single document may be larger."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check: func(c plugins.Config) error {
			_, err := reading(c)
			return err
		},
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			can := plugins.Capabilities{Seekable: true, Ordered: true}
			if c.String("mode") == modePoll {
				can.Weakens = "what is written with a cursor behind what was read already is not read, and deletes are not seen"
				if c.Duration("settle") > 0 {
					can.Weakens = "what is written with a cursor more than " + c.Duration("settle").String() + " behind is not read, and deletes are not seen"
				}
			}
			return can
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			r, err := reading(c)
			if err != nil {
				return nil, err
			}
			conn, ok := env.Connection.(*connection)
			if !ok {
				return nil, errNoConnection
			}
			return newSource(conn, r, env), nil
		},
	}
}

// readingOf is what a source is to read.
type readingOf struct {
	collection string
	mode       string
	since      time.Time // zero for now
	operations []string
	full       options.FullDocument
	before     options.FullDocument
	goOn       bool // when the collection is dropped
	cursor     []string
	interval   time.Duration
	settle     time.Duration
	match      []bson.E // fields and values
	form       form
	rows       int32
	bytes      int
}

// allOperations are those that a source tells.
var allOperations = []string{"insert", "update", "replace", "delete"}

// ofModes are attributes that are for some modes alone.
var ofModes = map[string][]string{
	"start_at": {modeChanges},
	"cursor":   {modePoll},
	"settle":   {modePoll},
}

// reading reads the configuration of a source.
func reading(c plugins.Config) (readingOf, error) {
	r := readingOf{
		collection: c.String("collection"), mode: c.String("mode"), goOn: c.String("on_drop") == "continue",
		interval: c.Duration("interval"), settle: c.Duration("settle"), form: formOf(c.String("json")),
		rows: int32(c.Int("batch_size")), bytes: int(c.Int("max_bytes")), operations: c.Strings("operations"),
		full: fullDocuments[c.String("full_document")], before: fullDocuments[c.String("before")],
	}
	if err := checkCollection("collection", r.collection); err != nil {
		return r, err
	}
	for _, name := range []string{"start_at", "cursor", "settle"} {
		if c.Has(name) && !slices.Contains(ofModes[name], r.mode) {
			return r, plugins.ConfigErrorf(name, "it is for mode = %q: write that, or leave it out", ofModes[name][0])
		}
	}
	if at := c.String("start_at"); at != "" {
		var err error
		if r.since, err = time.Parse(time.RFC3339Nano, at); err != nil || r.since.Unix() < 0 || r.since.Unix() > 1<<32-1 {
			return r, plugins.ConfigErrorf("start_at", "%q is no time: write it like \"2026-01-31T08:00:00Z\"", at)
		}
	}
	for _, o := range r.operations {
		if !slices.Contains(allOperations, o) {
			return r, plugins.ConfigErrorf("operations", "%q is no change that is told: there are %s", o, strings.Join(allOperations, ", "))
		}
	}
	if len(r.operations) == 0 {
		r.operations = allOperations
	} else if r.mode == modePoll {
		return r, plugins.ConfigErrorf("operations", "poll sees documents and no operations: leave it out, or write mode = \"changes\"")
	}
	if err := r.readCursor(c); err != nil {
		return r, err
	}
	return r, r.readMatch(c)
}

// fullDocuments are the options of the server, by what an attribute says.
var fullDocuments = map[string]options.FullDocument{
	"lookup":         options.UpdateLookup,
	"none":           "",
	"when_available": options.WhenAvailable,
	"required":       options.Required,
}

func (r *readingOf) readCursor(c plugins.Config) error {
	if r.mode != modePoll {
		return nil
	}
	if !c.Has("cursor") {
		return plugins.ConfigErrorf("cursor", "poll asks for what is behind the last value of a field: name one that grows with each document that is written, such as cursor = \"updated_at\" or cursor = \"_id\"")
	}
	if err := checkField("cursor", c.String("cursor")); err != nil {
		return err
	}
	r.cursor = strings.Split(c.String("cursor"), ".")
	return nil
}

func (r *readingOf) readMatch(c plugins.Config) error {
	if !c.Has("match") {
		return nil
	}
	v := c.Value("match")
	if v.Kind != plugins.Record && v.Kind != plugins.Map {
		return plugins.ConfigErrorf("match", "write an object of fields and values, such as { plant = \"berlin\" }")
	}
	if r.full == "" && r.mode != modePoll && slices.Contains(r.operations, "update") {
		return plugins.ConfigErrorf("match", "an update has no document to match with full_document = \"none\": write full_document = \"lookup\", or leave match out")
	}
	text := jsontext.AppendValue(nil, v, "")
	e := encoder{form: extended}
	doc, err := e.document(nil, text)
	if err != nil {
		return plugins.ConfigErrorf("match", "%v", err)
	}
	bad := ""
	err = eachField(doc, func(name []byte, v bson.RawValue) {
		if checkField("match", string(name)) != nil {
			bad = string(name)
		}
		r.match = append(r.match, bson.E{Key: string(name), Value: bson.D{{Key: "$eq", Value: v}}})
	})
	if bad != "" {
		return plugins.ConfigErrorf("match", "%q is no field: operators are not taken here; filter in the pipeline what is more than equality", bad)
	}
	return err
}

// checkCollection finds what is wrong with the name of a collection.
func checkCollection(attr, name string) error {
	switch {
	case name == "":
		return plugins.ConfigErrorf(attr, "a collection has a name: write it")
	case strings.ContainsAny(name, "$\x00") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "."):
		return plugins.ConfigErrorf(attr, "%q is no name of a collection: it has no $ and no zero byte, and neither begins nor ends with a dot", name)
	case strings.HasPrefix(name, "system."):
		return plugins.ConfigErrorf(attr, "%q is the server's own: choose another collection", name)
	}
	return nil
}

// checkField finds what is wrong with the path of a field.
func checkField(attr, name string) error {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || strings.HasPrefix(part, "$") || strings.ContainsRune(part, 0) {
			return plugins.ConfigErrorf(attr, "%q is no path of a field: write names with dots between them, none of which begins with $", name)
		}
	}
	return nil
}
