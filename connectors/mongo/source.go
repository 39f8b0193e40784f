package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// source reads a collection.
type source struct {
	*connection
	reading readingOf
	env     plugins.Env
	part    plugins.Partition

	// Of Run:
	stands   position // behind what was handed over
	told     string   // the position that the engine has
	failures int      // in a row
	value    []byte   // scratch
	key      []byte   // scratch
	checked  time.Time
}

var (
	_ plugins.Source = (*source)(nil)
	_ plugins.Seeker = (*source)(nil)
)

func newSource(c *connection, r readingOf, env plugins.Env) *source {
	return &source{connection: c, reading: r, env: env, part: plugins.Partition{Name: c.database + "." + r.collection}}
}

// Seek implements [plugins.Seeker].
func (s *source) Seek(positions map[plugins.Partition]plugins.Position) error {
	at, ok := positions[s.part]
	if !ok || len(at) == 0 {
		return nil
	}
	p, err := decodePosition(at)
	if err != nil {
		return plugins.Permanent(fmt.Errorf("resume %s: %w", s.part.Name, err))
	}
	polls := s.reading.mode == modePoll
	switch {
	case polls != (p.Phase == inPoll):
		return s.notOurs("the position is of mode = %q, and mode is %q now", p.Phase, s.reading.mode)
	case p.Phase == inSnapshot && s.reading.mode != modeSnapshot:
		return s.notOurs("a snapshot has begun and not ended, and mode is %q now", s.reading.mode)
	case polls && p.Field != s.field():
		return s.notOurs("the position is of cursor = %q, and cursor is %q now", p.Field, s.field())
	}
	s.stands, s.told = p, string(at)
	return nil
}

func (s *source) notOurs(format string, args ...any) error {
	return plugins.Permanent(fmt.Errorf("resume %s: %s: write what it was, or forget the position: %s", s.part.Name, fmt.Sprintf(format, args...), s.forget()))
}

// forget is how a position is forgotten.
func (s *source) forget() string { return "onstream state reset STATE_DIR " + s.env.Stage }

// Run implements [plugins.Source].
func (s *source) Run(ctx context.Context, out plugins.Outlet) error {
	if err := s.startUp(ctx, true); err != nil {
		return err
	}
	for ctx.Err() == nil {
		coll, err := s.coll(ctx)
		if err == nil {
			err = s.step(ctx, coll, out)
		}
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case plugins.IsPermanent(err):
			return err
		}
		s.failures++
		// In real time: it is the server's.
		if err := (plugins.Env{}).Wait(ctx, s.backoff.Before(s.failures)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *source) coll(ctx context.Context) (*mongo.Collection, error) {
	db, err := s.db(ctx)
	if err != nil {
		return nil, err
	}
	return db.Collection(s.reading.collection), nil
}

// step goes on with what is to be read, until it fails or is done with.
func (s *source) step(ctx context.Context, coll *mongo.Collection, out plugins.Outlet) error {
	switch {
	case s.reading.mode == modePoll:
		return s.poll(ctx, coll, out)
	case s.stands.Phase == inSnapshot:
		return s.snapshot(ctx, coll, out)
	case s.reading.mode == modeSnapshot && s.stands.Phase == "":
		return s.beginSnapshot(ctx, coll, out)
	}
	return s.changes(ctx, coll, out)
}

// refuse says what a read has failed by, and knows what to do about what the modes may fail by.
func (s *source) refuse(doing string, err error) error {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return s.try(doing, err)
	}
	for _, r := range readRemedies {
		for _, code := range r.codes {
			if server.HasErrorCode(code) {
				return plugins.Permanent(fmt.Errorf("%s at %s: %s: %s", doing, s.at.hosts, s.at.redact(clippedText(err.Error())), r.remedy(s)))
			}
		}
	}
	return s.try(doing, err)
}

// readRemedies are what can be done about errors of change streams.
var readRemedies = []struct {
	codes  []int
	remedy func(s *source) string
}{
	{[]int{40573, 40324, 59, 115, 238, 303}, func(*source) string { return noChanges }},
	{[]int{286, 260, 280, 40576, 40615, 136}, func(s *source) string {
		return "the server no longer has the changes behind the position, so that they are lost to this source, and none is skipped: forget the position with " + s.forget() + ", and read all documents anew with mode = \"snapshot\"; let the oplog keep more (replSetResizeOplog) so that it does not happen again"
	}},
	{[]int{10334}, func(*source) string {
		return "a change is larger than 16 MB together with its document: write full_document = \"none\", and before = \"none\""
	}},
	{[]int{47}, func(*source) string {
		return "the collection does not keep what documents were like: turn on its changeStreamPreAndPostImages, or write full_document = \"lookup\" and before = \"none\""
	}},
}

// filling is a batch that is being made.
type filling struct {
	*connectors.Builder
	batch *plugins.Batch
}

func (s *source) begin(out plugins.Outlet) filling {
	b := out.Batch()
	return filling{connectors.NewBuilder(b, s.part, s.env.Framing), b}
}

// full reports whether a batch is to be handed on.
func (s *source) full(f filling) bool {
	return f.Len() >= int(s.reading.rows) || f.Size() >= s.reading.bytes
}

// hand hands a batch on, behind which the source stands at a position. One without records tells the engine the position.
func (s *source) hand(ctx context.Context, out plugins.Outlet, f filling, stands position) error {
	next, err := stands.encode()
	if err != nil {
		f.batch.Release()
		return plugins.Permanent(err)
	}
	if f.Len() == 0 && string(next) == s.told {
		f.batch.Release()
		s.stands = stands
		return nil
	}
	b := f.Batch()
	b.Received = time.Now().UnixNano()
	if err := out.Hand(ctx, plugins.Delivery{Batch: b, Next: next}); err != nil {
		return err
	}
	s.stands, s.told, s.failures = stands, string(next), 0
	return nil
}

// note tells the engine a position without records.
func (s *source) note(ctx context.Context, out plugins.Outlet, stands position) error {
	return s.hand(ctx, out, s.begin(out), stands)
}

// add appends a record. Its text is made by a function that appends it.
func (s *source) add(f filling, id bson.RawValue, at time.Time, text func(dst []byte) ([]byte, error)) (err error) {
	if s.value, err = text(s.value[:0]); err != nil {
		return plugins.Permanent(fmt.Errorf("read %s: %w", s.part.Name, err))
	}
	r := connectors.Record{Value: s.value, Time: at}
	if id.Type != 0 {
		if s.key, err = appendKey(s.key[:0], id, s.reading.form); err != nil {
			return plugins.Permanent(fmt.Errorf("read %s: %w", s.part.Name, err))
		}
		r.Key = s.key
	}
	f.Add(r)
	return nil
}
