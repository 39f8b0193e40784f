package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
)

// field returns the path of the cursor, as the server takes it.
func (s *source) field() string { return strings.Join(s.reading.cursor, ".") }

// poll reads what is behind where the source stands, and waits where nothing is.
//
// It first asks how far the cursor has come, and then for no more than that: what was written with a lower one was
// written before, so that it is there when the documents are read. Without the bound a document could be written between two
// that are read, and be passed over.
func (s *source) poll(ctx context.Context, coll *mongo.Collection, out plugins.Outlet) error {
	most, err := s.edge(ctx, coll, -1)
	if err != nil {
		return err
	}
	if most.Type == 0 || s.stands.At.Type == 0 || time.Since(s.checked) > checkEvery {
		if err := s.checkLeast(ctx, coll, most); err != nil {
			return err
		}
	}
	n := 0
	if most.Type != 0 {
		if n, err = s.upTo(ctx, coll, out, most); err != nil {
			return err
		}
	}
	if n > 0 {
		return nil
	}
	return s.env.Wait(ctx, s.reading.interval)
}

// checkEvery is how often the least cursor is looked at: a value of another kind may have come, which no comparison finds.
const checkEvery = time.Minute

// orderedKinds are the kinds of values that a cursor may have.
var orderedKinds = []rank{rankNumber, rankString, rankBinary, rankObjectID, rankDate, rankTimestamp}

// upTo reads a page of what is behind where the source stands, with cursors up to a value.
func (s *source) upTo(ctx context.Context, coll *mongo.Collection, out plugins.Outlet, most bson.RawValue) (int, error) {
	field := s.field()
	if s.stands.At.Type != 0 {
		if was, is := rankOf(s.stands.At), rankOf(most); was != is {
			return 0, s.mixed(was, is)
		}
		// Of those with the same value the ones that are behind the last id.
		if field != "_id" {
			var ids bson.A
			for _, c := range behind(s.stands.ID) {
				ids = append(ids, bson.D{{Key: "_id", Value: c}})
			}
			n, err := s.page(ctx, coll, out, s.where(bson.D{{Key: field, Value: bson.D{{Key: "$eq", Value: s.stands.At}}}}, bson.D{{Key: "$or", Value: ids}}), bson.D{{Key: "_id", Value: 1}}, s.pollRecord)
			if err != nil || n == int(s.reading.rows) {
				return n, err
			}
			if n > 0 {
				m, err := s.greater(ctx, coll, out, most)
				return n + m, err
			}
		}
	}
	return s.greater(ctx, coll, out, most)
}

// greater reads a page of what has a greater cursor than where the source stands.
func (s *source) greater(ctx context.Context, coll *mongo.Collection, out plugins.Outlet, most bson.RawValue) (int, error) {
	bounds := bson.D{{Key: "$lte", Value: most}}
	if s.stands.At.Type != 0 {
		bounds = append(bounds, bson.E{Key: "$gt", Value: s.stands.At})
	}
	order := bson.D{{Key: s.field(), Value: 1}}
	if s.field() != "_id" {
		order = append(order, bson.E{Key: "_id", Value: 1})
	}
	return s.page(ctx, coll, out, s.where(bson.D{{Key: s.field(), Value: bounds}}), order, s.pollRecord)
}

// where joins conditions to what documents must match.
func (s *source) where(conditions ...bson.D) bson.D {
	all := bson.A{}
	for _, c := range conditions {
		all = append(all, c)
	}
	return append(slices.Clone(s.reading.match), bson.E{Key: "$and", Value: all})
}

// pollRecord adds a document, and returns the position behind it.
func (s *source) pollRecord(f filling, doc bson.Raw, _ position) (position, error) {
	id := doc.Lookup("_id")
	cursor, err := s.cursorOf(doc)
	if err != nil {
		return position{}, err
	}
	var at time.Time
	if ms, ok := cursor.DateTimeOK(); ok {
		at = time.UnixMilli(ms)
	}
	err = s.add(f, id, at, func(dst []byte) ([]byte, error) { return appendDocument(dst, doc, s.reading.form) })
	return position{Phase: inPoll, Field: s.field(), At: cursor, ID: id}, err
}

// cursorOf returns the cursor of a document.
func (s *source) cursorOf(doc bson.Raw) (bson.RawValue, error) {
	v, err := doc.LookupErr(s.reading.cursor...)
	if err == nil && slices.Contains(orderedKinds, rankOf(v)) {
		return v, nil
	}
	is := "in an array"
	if err == nil {
		is = rankOf(v).String()
	}
	id, bad := appendKey(nil, doc.Lookup("_id"), extended)
	if bad != nil {
		id = []byte("?")
	}
	return v, plugins.Permanent(fmt.Errorf("read %s: the cursor %s of the document %s is %s, which has no place in an order: it is to be a number, a string, a date, a timestamp, an ObjectId or binary; mend the document, or take another field", s.part.Name, s.field(), clipped(string(id)), is))
}

// edge returns the greatest cursor that is to be read, or the least; none where there is no document.
func (s *source) edge(ctx context.Context, coll *mongo.Collection, order int) (bson.RawValue, error) {
	bound := bson.D{{Key: "$ne", Value: nil}}
	if s.reading.settle > 0 {
		bound = bson.D{{Key: "$lte", Value: bson.NewDateTimeFromTime(s.env.Now().Add(-s.reading.settle))}}
	}
	asking, cancel := s.within(ctx)
	defer cancel()
	doing := "read " + s.part.Name
	doc, err := coll.FindOne(asking, s.where(bson.D{{Key: s.field(), Value: bound}}),
		options.FindOne().SetSort(bson.D{{Key: s.field(), Value: order}}).SetProjection(bson.D{{Key: s.reading.cursor[0], Value: 1}})).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return bson.RawValue{}, s.try(doing, nil)
	case err != nil:
		return bson.RawValue{}, s.refuse(doing, err)
	}
	_ = s.try(doing, nil) // it was reached
	v, err := s.cursorOf(doc)
	return kept(v), err
}

// checkLeast sees to it that the least cursor is of the same kind as the greatest.
func (s *source) checkLeast(ctx context.Context, coll *mongo.Collection, most bson.RawValue) error {
	s.checked = time.Now()
	if s.reading.settle > 0 && most.Type == 0 {
		return s.checkDates(ctx, coll)
	}
	least, err := s.edge(ctx, coll, 1)
	if err != nil || least.Type == 0 || most.Type == 0 {
		return err
	}
	if a, b := rankOf(least), rankOf(most); a != b {
		return s.mixed(a, b)
	}
	return nil
}

// checkDates sees to it that the cursors are dates, of which alone it is known how old they are.
func (s *source) checkDates(ctx context.Context, coll *mongo.Collection) error {
	asking, cancel := s.within(ctx)
	defer cancel()
	doc, err := coll.FindOne(asking, s.where(bson.D{{Key: s.field(), Value: bson.D{{Key: "$ne", Value: nil}}}})).Raw()
	switch {
	case errors.Is(err, mongo.ErrNoDocuments):
		return nil
	case err != nil:
		return s.refuse("read "+s.part.Name, err)
	}
	if v, err := s.cursorOf(doc); err != nil || rankOf(v) != rankDate {
		return plugins.Permanent(fmt.Errorf("read %s: the cursor %s is %s, and settle is for dates: leave it out, or take a field with dates", s.part.Name, s.field(), rankOf(v)))
	}
	return nil
}

func (s *source) mixed(a, b rank) error {
	return plugins.Permanent(fmt.Errorf("read %s: the cursor %s is %s in some documents and %s in others, and what is of one kind is never behind the other: give all of them the same kind", s.part.Name, s.field(), a, b))
}
