package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/onstream/onstream/plugins"
)

const (
	// awaitTime is how long the server waits for a change before it says that there is none.
	awaitTime = time.Second
	// lastWords is how long a cursor that is not needed any more may take to be closed.
	lastWords = time.Second
	// noteEvery is how often the engine is told a position when nothing comes: one that gets old is lost with the
	// oplog, where all that was written meanwhile is of no concern.
	noteEvery = 10 * time.Second
)

// endings are the events behind which no change of the collection comes.
var endings = []string{"drop", "rename", "dropDatabase", "invalidate"}

// changes follows what is written, until that fails or the collection ends.
func (s *source) changes(ctx context.Context, coll *mongo.Collection, out plugins.Outlet) error {
	stream, err := s.watch(ctx, coll)
	if err != nil {
		return err
	}
	defer closeLate(ctx, stream)
	if s.stands.Token == nil {
		if stream.ResumeToken() == nil && stream.RemainingBatchLength() == 0 {
			s.env.Logger.Warn("the server tells no position before the first change: until that one is here, what is written while the source does not run is not told", "collection", s.part.Name)
		}
		// What is written from now on is told even if this process ends before the first change.
		if err := s.noteToken(ctx, out, stream.ResumeToken()); err != nil {
			return err
		}
	}
	noted := time.Now()
	for {
		more, err := s.next(ctx, stream)
		switch {
		case err != nil:
			return err
		case !more && time.Since(noted) < noteEvery:
			continue
		case !more:
			err = s.noteToken(ctx, out, stream.ResumeToken())
		default:
			err = s.gather(ctx, stream, out)
		}
		if err != nil {
			return err
		}
		noted = time.Now()
	}
}

// watch opens the change stream behind where the source stands.
func (s *source) watch(ctx context.Context, coll *mongo.Collection) (*mongo.ChangeStream, error) {
	r := s.reading
	told := append(slices.Clone(r.operations), endings...)
	where := bson.D{{Key: "operationType", Value: bson.D{{Key: "$in", Value: told}}}}
	if len(r.match) > 0 {
		matched := bson.D{}
		for _, m := range r.match {
			matched = append(matched, bson.E{Key: "fullDocument." + m.Key, Value: m.Value})
		}
		where = append(where, bson.E{Key: "$or", Value: bson.A{
			bson.D{{Key: "operationType", Value: bson.D{{Key: "$in", Value: append([]string{"delete"}, endings...)}}}}, matched,
		}})
	}
	o := options.ChangeStream().SetBatchSize(r.rows).SetMaxAwaitTime(awaitTime)
	if r.full != "" {
		o.SetFullDocument(r.full)
	}
	if r.before != "" {
		o.SetFullDocumentBeforeChange(r.before)
	}
	switch {
	case s.stands.Token != nil:
		o.SetStartAfter(s.stands.Token)
	case !r.since.IsZero():
		o.SetStartAtOperationTime(&bson.Timestamp{T: uint32(r.since.Unix())})
	}
	opening, cancel := s.within(ctx)
	defer cancel()
	stream, err := coll.Watch(opening, mongo.Pipeline{{{Key: "$match", Value: where}}}, o)
	if err != nil {
		doing := "follow the changes of " + s.part.Name
		if told := s.refuse(doing, err); plugins.IsPermanent(told) || !isServers(err) || isFleeting(err) || !s.standsAlone(opening, coll) {
			return nil, told
		}
		return nil, plugins.Permanent(fmt.Errorf("%s at %s: %s: %s", doing, s.at.hosts, s.at.redact(clippedText(err.Error())), noChanges))
	}
	return stream, s.try("follow the changes of "+s.part.Name, nil)
}

// standsAlone reports whether the server is of no replica set and no sharded cluster: it may say anything when it is asked for
// changes.
func (s *source) standsAlone(ctx context.Context, coll *mongo.Collection) bool {
	hello, err := coll.Database().RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Raw()
	if err != nil { // its former name
		hello, err = coll.Database().RunCommand(ctx, bson.D{{Key: "isMaster", Value: 1}}).Raw()
	}
	if err != nil {
		return false
	}
	_, noSet := hello.LookupErr("setName")
	kind, _ := hello.Lookup("msg").StringValueOK()
	return noSet != nil && kind != "isdbgrid"
}

// noChanges is what can be done where there are no change streams.
const noChanges = "the server offers no change streams, which replica sets and sharded clusters have: make it a replica set (one member will do), or read with mode = \"poll\" and a cursor"

// next gets the next event, and waits for a while until there is one.
func (s *source) next(ctx context.Context, stream *mongo.ChangeStream) (more bool, err error) {
	if stream.RemainingBatchLength() == 0 {
		waiting, cancel := context.WithTimeout(ctx, awaitTime+s.config.Duration("timeout"))
		defer cancel()
		ctx = waiting
	}
	if stream.TryNext(ctx) {
		return true, nil
	}
	switch err := stream.Err(); {
	case err != nil:
		return false, s.refuse("follow the changes of "+s.part.Name, err)
	case stream.ID() == 0:
		return false, fmt.Errorf("follow the changes of %s: %w", s.part.Name, errEnded)
	}
	return false, s.try("read", nil)
}

// errEnded says that a change stream was closed by the server: it is opened again.
var errEnded = errors.New("the server has closed the change stream")

// gather hands over the event that the stream stands at, and those that came with it.
func (s *source) gather(ctx context.Context, stream *mongo.ChangeStream, out plugins.Outlet) error {
	f, at := s.begin(out), s.stands
	for {
		e, err := readEvent(stream.Current)
		if err != nil {
			f.batch.Release()
			return plugins.Permanent(fmt.Errorf("follow the changes of %s: %w", s.part.Name, err))
		}
		if slices.Contains(endings, e.operation) {
			at.Phase = inChanges
			if err := s.hand(ctx, out, f, at); err != nil {
				return err
			}
			return s.ended(ctx, e, out)
		}
		err = s.add(f, e.id, e.at, func(dst []byte) ([]byte, error) { return e.append(dst, s.reading.form) })
		if err != nil {
			f.batch.Release()
			return err
		}
		at = position{Phase: inChanges, Token: e.token}
		if s.full(f) || stream.RemainingBatchLength() == 0 {
			break
		}
		if more, err := s.next(ctx, stream); err != nil || !more {
			if err != nil {
				s.env.Logger.Debug("a change stream has failed within a reply", "error", err)
			}
			break // it tells again when it is asked for more
		}
	}
	at.Token = slices.Clone(at.Token) // it is the reply's
	return s.hand(ctx, out, f, at)
}

// ended says that the collection has gone, and stops unless it is to be gone on with.
func (s *source) ended(ctx context.Context, e event, out plugins.Outlet) error {
	what := map[string]string{"drop": "was dropped", "rename": "was renamed", "dropDatabase": "was dropped with its database", "invalidate": "was dropped or renamed"}[e.operation]
	if to, ok := e.to.DocumentOK(); ok {
		db, _ := to.Lookup("db").StringValueOK()
		name, _ := to.Lookup("coll").StringValueOK()
		what += fmt.Sprintf(" to %s.%s", db, name)
	}
	if !s.reading.goOn {
		return plugins.Permanent(fmt.Errorf("the collection %s %s: no change of it comes any more; to go on with the next collection of that name write on_drop = \"continue\", and to follow another one set collection", s.part.Name, what))
	}
	if e.operation != "invalidate" {
		s.env.Logger.Warn("the collection "+what+": the next one of that name is followed", "collection", s.part.Name)
	}
	// Behind a drop comes the event that ends the stream; behind that one a new stream can begin.
	return s.note(ctx, out, position{Phase: inChanges, Token: slices.Clone(e.token)})
}

// noteToken tells the engine that everything up to a token is read.
func (s *source) noteToken(ctx context.Context, out plugins.Outlet, token bson.Raw) error {
	if token == nil {
		return nil // a server that tells none with its replies
	}
	return s.note(ctx, out, position{Phase: inChanges, Token: slices.Clone(token)})
}

// closer is what a server keeps open until it is closed.
type closer interface {
	Close(ctx context.Context) error
}

// closeLate closes a cursor, even when ctx has ended. What fails the server closes on its own.
func closeLate(ctx context.Context, c closer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	_ = c.Close(ctx)
}
