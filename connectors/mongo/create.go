package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
)

// create makes the collection of the sink, and what it needs. What is there already has to be the same.
func (w *writer) create(ctx context.Context) error {
	ctx, cancel := w.within(ctx)
	defer cancel()
	db, err := w.db(ctx)
	if err != nil {
		return err
	}
	doing := "make collection " + w.plan.collection
	there, err := w.described(ctx, db)
	if err != nil {
		return w.try(doing, err)
	}
	wanted := w.plan.create
	series := len(wanted.Blocks("time_series")) > 0
	if there == nil {
		err := db.CreateCollection(ctx, w.plan.collection, w.collectionOptions())
		if codeOf(err) == namespaceExists { // somebody else has made it meanwhile
			there, err = w.described(ctx, db)
		}
		if err != nil {
			return w.try(doing, err)
		}
	}
	if there != nil {
		if why := w.differs(there); why != "" {
			return plugins.Permanent(fmt.Errorf("%s at %s: it is there, and %s: change the block create, or drop the collection", doing, w.at.hosts, why))
		}
	}
	if field := wanted.String("ttl_field"); field != "" && !series {
		seconds := int32(wanted.Duration("expire_after") / time.Second)
		if err := w.index(ctx, db, bson.D{{Key: field, Value: 1}}, options.Index().SetExpireAfterSeconds(seconds)); err != nil {
			return err
		}
	}
	if !wanted.Bool("index") {
		return nil
	}
	keys := bson.D{}
	for _, f := range w.plan.id {
		keys = append(keys, bson.E{Key: f.name, Value: 1})
	}
	return w.index(ctx, db, keys, options.Index().SetUnique(true))
}

const (
	namespaceExists       = 48
	indexOptionsConflict  = 85
	indexKeySpecsConflict = 86
)

// described returns what the server says of the collection, nil where there is none.
func (w *writer) described(ctx context.Context, db *mongo.Database) (*mongo.CollectionSpecification, error) {
	all, err := db.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: w.plan.collection}})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// collectionOptions are those with which the collection is made.
func (w *writer) collectionOptions() *options.CreateCollectionOptionsBuilder {
	o := options.CreateCollection()
	wanted := w.plan.create
	if len(wanted.Blocks("time_series")) == 0 {
		return o
	}
	series := wanted.Block("time_series")
	made := options.TimeSeries().SetTimeField(series.String("time_field")).SetGranularity(series.String("granularity"))
	if meta := series.String("meta_field"); meta != "" {
		made.SetMetaField(meta)
	}
	if wanted.Has("expire_after") {
		o.SetExpireAfterSeconds(int64(wanted.Duration("expire_after") / time.Second))
	}
	return o.SetTimeSeriesOptions(made)
}

// differs says how a collection that is there is another than the one that is wanted, "" for not at all.
func (w *writer) differs(there *mongo.CollectionSpecification) string {
	wanted := w.plan.create
	series := len(wanted.Blocks("time_series")) > 0
	switch is := there.Type == "timeseries"; {
	case there.Type == "view":
		return "is a view"
	case series && !is:
		return "is no time series"
	case !series && is:
		return "is a time series"
	case !series:
		return ""
	}
	want := wanted.Block("time_series")
	is, ok := there.Options.Lookup("timeseries").DocumentOK()
	if !ok {
		return ""
	}
	for _, f := range []struct{ option, attr string }{{"timeField", "time_field"}, {"metaField", "meta_field"}, {"granularity", "granularity"}} {
		has, _ := is.Lookup(f.option).StringValueOK()
		if f.attr == "granularity" && has == "" {
			continue // it has a span of its own
		}
		if has != want.String(f.attr) {
			return fmt.Sprintf("its %s is %q, not %q", f.attr, has, want.String(f.attr))
		}
	}
	seconds, _ := there.Options.Lookup("expireAfterSeconds").AsInt64OK()
	if now := int64(wanted.Duration("expire_after") / time.Second); seconds != now {
		return fmt.Sprintf("documents expire in it after %d s, not %d s (0 is never)", seconds, now)
	}
	return ""
}

// index makes an index, where there is none like it.
func (w *writer) index(ctx context.Context, db *mongo.Database, keys bson.D, o *options.IndexOptionsBuilder) error {
	_, err := db.Collection(w.plan.collection).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: o})
	doing := fmt.Sprintf("make an index of %s in collection %s", namesOf(keys), w.plan.collection)
	switch codeOf(err) {
	case indexOptionsConflict, indexKeySpecsConflict:
		return plugins.Permanent(fmt.Errorf("%s at %s: there is one with other options (%s): drop it, or change the block create", doing, w.at.hosts, clippedText(err.Error())))
	case duplicateKey:
		return plugins.Permanent(fmt.Errorf("%s at %s: several documents have the same values in it: remove all but one of them, or take other fields for id", doing, w.at.hosts))
	}
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return w.try(doing, err)
}

func namesOf(keys bson.D) string {
	names := ""
	for i, k := range keys {
		if i > 0 {
			names += ", "
		}
		names += k.Key
	}
	return names
}
