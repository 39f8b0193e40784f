package mongo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
)

// beginSnapshot gets the token from which changes are told afterwards: before the first document is read, so that
// nothing is between the two.
func (s *source) beginSnapshot(ctx context.Context, coll *mongo.Collection, out plugins.Outlet) error {
	stream, err := s.watch(ctx, coll)
	if err != nil {
		return err
	}
	defer closeLate(ctx, stream)
	token := stream.ResumeToken()
	if token == nil {
		return plugins.Permanent(fmt.Errorf("read %s: the server tells no position in its changes before the first of them, as MongoDB does from 4.2 on: what is written while the documents are read could be missed; read with mode = \"changes\" or \"poll\"", s.part.Name))
	}
	return s.note(ctx, out, position{Phase: inSnapshot, Token: slices.Clone(token)})
}

// snapshot reads the documents behind where the source stands, in the order of their ids.
func (s *source) snapshot(ctx context.Context, coll *mongo.Collection, out plugins.Outlet) error {
	for left := behind(s.stands.ID); len(left) > 0; {
		where := append(slices.Clone(s.reading.match), bson.E{Key: "$and", Value: bson.A{bson.D{{Key: "_id", Value: left[0]}}}})
		n, err := s.page(ctx, coll, out, where, bson.D{{Key: "_id", Value: 1}}, s.snapshotRecord)
		switch {
		case err != nil:
			return err
		case n == int(s.reading.rows):
			left = behind(s.stands.ID)
		default:
			left = left[1:]
		}
	}
	return s.note(ctx, out, position{Phase: inChanges, Token: s.stands.Token})
}

// snapshotRecord adds a document of a snapshot, and returns the position behind it.
func (s *source) snapshotRecord(f filling, doc bson.Raw, at position) (position, error) {
	id := doc.Lookup("_id")
	whole := event{operation: "snapshot", id: id, document: bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: doc}}
	err := s.add(f, id, time.Time{}, func(dst []byte) ([]byte, error) { return whole.append(dst, s.reading.form) })
	return position{Phase: inSnapshot, Token: at.Token, ID: id}, err
}

// page reads documents, up to as many as a batch has, and returns how many there were. Each is added to a batch by a
// function that returns the position behind it, with values that are the document's.
func (s *source) page(ctx context.Context, coll *mongo.Collection, out plugins.Outlet, where, order bson.D, add func(filling, bson.Raw, position) (position, error)) (n int, err error) {
	reading, cancel := s.within(ctx)
	defer cancel()
	doing := "read " + s.part.Name
	found, err := coll.Find(reading, where, options.Find().SetSort(order).SetLimit(int64(s.reading.rows)).SetBatchSize(s.reading.rows))
	if err != nil {
		return 0, s.refuse(doing, err)
	}
	defer closeLate(ctx, found)
	f, at := s.begin(out), s.stands
	for found.Next(reading) {
		if at, err = add(f, found.Current, at); err != nil {
			f.batch.Release()
			return n, err
		}
		n++
		if s.full(f) {
			if err := s.hand(ctx, out, f, at.keep()); err != nil {
				return n, err
			}
			f, at = s.begin(out), s.stands
			// Back-pressure is no fault of the server's.
			cancel()
			reading, cancel = s.within(ctx)
		}
	}
	cancel()
	if f.Len() == 0 {
		f.batch.Release()
	} else if err := s.hand(ctx, out, f, at.keep()); err != nil {
		return n, err
	}
	if err := found.Err(); err != nil {
		return n, s.refuse(doing, err)
	}
	return n, s.try(doing, nil)
}

// keep returns the position with values of its own.
func (p position) keep() position {
	p.Token, p.At, p.ID = slices.Clone(p.Token), kept(p.At), kept(p.ID)
	return p
}
