package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
)

// lookup finds documents by a field. It is safe for concurrent use.
type lookup struct {
	*connection
	collection string
	id         string
	as         string // what keys that are strings stand for; "" for strings
	fields     []string
	form       form
	finds      plugins.Type
}

var (
	_ plugins.Lookup = (*lookup)(nil)
	_ plugins.Opener = (*lookup)(nil)
)

// Open implements [plugins.Opener]: wrong credentials keep the pipeline from starting, and an absent server does where that is
// wanted.
func (l *lookup) Open(ctx context.Context) error { return l.startUp(ctx, true) }

const (
	// mostKeys and mostBytes are how many keys are asked for in one request, and how large they may be together.
	mostKeys  = 10000
	mostBytes = 4 << 20
)

// Find implements [plugins.Lookup].
func (l *lookup) Find(ctx context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	db, err := l.db(ctx)
	if err != nil {
		return err
	}
	asked := map[string][]int{} // indexes of keys, by what they are compared as
	var in bson.A
	size := 0
	ask := func() error {
		if len(in) == 0 {
			return nil
		}
		err := l.ask(ctx, db.Collection(l.collection), in, asked, found)
		clear(asked)
		in, size = in[:0], 0
		return err
	}
	for i, key := range keys {
		v, ok := l.keyOf(key)
		if !ok {
			continue // nothing can have it
		}
		same, ok := sameness(v)
		if !ok {
			continue
		}
		if asked[same] == nil {
			in = append(in, v)
			size += len(v.Value)
		}
		asked[same] = append(asked[same], i)
		if len(in) >= mostKeys || size >= mostBytes {
			if err := ask(); err != nil {
				return err
			}
		}
	}
	return ask()
}

// ask asks for the documents of some keys.
func (l *lookup) ask(ctx context.Context, coll *mongo.Collection, in bson.A, asked map[string][]int, found func(i int, record []byte)) error {
	doing := "look up in " + coll.Database().Name() + "." + l.collection
	o := options.Find().SetProjection(l.projection()).SetBatchSize(int32(len(in)))
	if l.id != "_id" {
		o.SetSort(bson.D{{Key: "_id", Value: 1}}) // of several the first
	}
	cursor, err := coll.Find(ctx, bson.D{{Key: l.id, Value: bson.D{{Key: "$in", Value: in}}}}, o)
	if err != nil {
		return l.failed(ctx, doing, err)
	}
	defer closeLate(ctx, cursor)
	path := strings.Split(l.id, ".")
	var text []byte
	left := len(asked)
	for left > 0 && cursor.Next(ctx) {
		v, err := cursor.Current.LookupErr(path...)
		if err != nil {
			continue // in an array, which is no place for a key
		}
		same, ok := sameness(v)
		if !ok || asked[same] == nil {
			continue
		}
		if text, err = appendDocument(text[:0], cursor.Current, l.form); err != nil {
			return plugins.Permanent(fmt.Errorf("%s: %w", doing, err))
		}
		for _, i := range asked[same] {
			found(i, text)
		}
		delete(asked, same)
		left--
	}
	if err := cursor.Err(); err != nil {
		return l.failed(ctx, doing, err)
	}
	return l.try(doing, nil)
}

// failed tells why a look-up has failed. That its caller waits no longer is no fault of the connection.
func (l *lookup) failed(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil && !isServers(err) {
		return fmt.Errorf("%s at %s: %w", doing, l.at.hosts, ctx.Err())
	}
	return l.try(doing, err)
}

// projection is what is fetched of documents: of a field and one within it, which the server does not take together, the
// whole.
func (l *lookup) projection() bson.D {
	if len(l.fields) == 0 {
		return bson.D{}
	}
	all := append([]string{l.id}, l.fields...)
	p := bson.D{}
	for i, f := range all {
		twice := slices.Contains(all[:i], f)
		inside := slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(f, other+".") })
		if !twice && !inside {
			p = append(p, bson.E{Key: f, Value: 1})
		}
	}
	if !slices.ContainsFunc(all, func(f string) bool { return f == "_id" || strings.HasPrefix(f, "_id.") }) {
		p = append(p, bson.E{Key: "_id", Value: 0})
	}
	return p
}
