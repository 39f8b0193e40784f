package mongo

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/onstream/onstream/plugins"
)

// writer is a sink. While a bulk is on its way, what comes is made into statements, and all of it is the next bulk; when a
// bulk fails, all that waits behind it has failed, too, so that it is written again in order.
type writer struct {
	*connection
	plan  *plan
	env   plugins.Env
	maker *maker
	seed  maphash.Seed

	// Of Write, one call of which comes at a time.
	repeats map[*plugins.Batch]repeat // what failed without an answer, in case it is written again
	spare   spares

	mu      sync.Mutex
	room    sync.Cond // of mu
	waiting []*batch
	records int            // of batches that are not answered
	bytes   int            // of their statements
	failed  *plugins.Batch // the first that has to come again before others do; nil for none
	unsure  []*batch       // whose inserts may have been done, to be put into repeats
	been    bool           // something was written
	running bool           // send runs
	ended   sync.WaitGroup // of send

	// Of send.
	command []byte
	keys    map[uint64]bool // of the bulk, where it is not ordered
	items   bulk            // memory
	hangups int             // on bulks, in a row
	most    int             // records in the next bulk
}

// batch is what Write was given.
type batch struct {
	*plugins.Batch
	done       func(error)
	statements []byte
	rows       []row
	failed     plugins.RowErrors
	again      repeat // what was written before without an answer
}

// row is a record that is to be written.
type row struct {
	row        uint32
	at         int // in Sel
	from, to   int // in statements
	collection string
	key        uint64 // hash of the id
	id         []byte // of inserts: the element _id
	hash       uint64 // of inserts: of the document without an _id that was made for it
	made       bool   // the _id was made
	unsure     bool   // it was sent before, and it is not known what came of it
	failed     bool   // and is in failed, or the server has refused it
}

// repeat is what is known of records that were inserted without an answer, by row.
type repeat map[uint32]attempted

// attempted is an insert without an answer.
type attempted struct {
	hash uint64
	made bool
	id   bson.ObjectID // where it was made
}

var (
	_ plugins.Sink   = (*writer)(nil)
	_ plugins.Opener = (*writer)(nil)
	_ plugins.Closer = (*writer)(nil)
)

func newWriter(c *connection, p *plan, env plugins.Env) *writer {
	w := &writer{connection: c, plan: p, env: env, maker: newMaker(p), seed: maphash.MakeSeed(), repeats: map[*plugins.Batch]repeat{}, most: p.maxRecords}
	if !p.ordered {
		w.keys = map[uint64]bool{}
	}
	return w
}

// Open implements [plugins.Opener].
func (w *writer) Open(ctx context.Context) error {
	if err := w.startUp(ctx, false); err != nil || !w.plan.creates {
		return err
	}
	return w.create(ctx)
}

// errBehind says that something is to be written before.
var errBehind = errors.New("a write has failed, and what was written before comes first")

// bounds of what waits for an answer.
const (
	maxWaiting      = 32 << 10
	maxWaitingBytes = 32 << 20
)

// Write implements [plugins.Sink].
func (w *writer) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	w.remember()
	x := w.prepare(b, done)
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.failed
	w.failed = nil
	if first != nil && first != b {
		w.spare.put(x)
		return errBehind // asked once: it may be that nobody writes the first again
	}
	w.room.L = &w.mu
	full := func() bool {
		return w.records > 0 && (w.records+len(b.Sel) > maxWaiting || w.bytes+len(x.statements) > maxWaitingBytes)
	}
	if full() {
		defer context.AfterFunc(ctx, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.room.Broadcast()
		})()
		for full() && ctx.Err() == nil {
			w.room.Wait()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.failed != nil {
			w.failed = nil
			return errBehind
		}
	}
	w.records += len(b.Sel)
	w.bytes += len(x.statements)
	w.waiting = append(w.waiting, x)
	if !w.running {
		w.running = true
		w.ended.Go(func() { w.send(ctx) })
	}
	return nil
}

// remember notes what was inserted without an answer.
func (w *writer) remember() {
	w.mu.Lock()
	unsure := w.unsure
	w.unsure = nil
	w.mu.Unlock()
	for _, x := range unsure {
		all := repeat{}
		for _, r := range x.rows {
			if r.failed || !r.unsure {
				continue
			}
			a := attempted{hash: r.hash, made: r.made}
			if r.made {
				copy(a.id[:], r.id[len("?_id?"):])
			}
			all[r.row] = a
		}
		w.repeats[x.Batch] = all
	}
}

// prepare makes statements of a batch. Records of which there can be none have failed.
func (w *writer) prepare(b *plugins.Batch, done func(error)) *batch {
	x := w.spare.get()
	x.Batch, x.done = b, done
	if len(w.repeats) > 0 {
		if x.again = w.repeats[b]; x.again == nil {
			clear(w.repeats) // what failed comes again before anything else, or not at all
		}
		delete(w.repeats, b)
	}
	for at, i := range b.Sel {
		r := row{row: i, at: at, from: len(x.statements), collection: w.plan.collection}
		if err := w.prepareRow(x, b, &r); err != nil {
			x.statements = x.statements[:r.from]
			x.refuse(&r, err)
		}
		x.rows = append(x.rows, r)
	}
	return x
}

func (w *writer) prepareRow(x *batch, b *plugins.Batch, r *row) error {
	if r.collection == "" {
		name := b.Topic(r.row)
		if r.collection = w.spare.name(name); r.collection == "" {
			return checkName(string(name))
		}
	}
	m := w.maker
	var err error
	x.statements, err = m.statement(x.statements, b.Value(r.row), func() bson.ObjectID {
		r.made, r.hash = true, maphash.Bytes(w.seed, m.doc)
		if before, ok := x.again[r.row]; ok && before.made && before.hash == r.hash {
			r.unsure = true
			return before.id
		}
		return bson.NewObjectID()
	})
	if err != nil {
		return err
	}
	r.to = len(x.statements)
	if w.plan.mode == "insert" {
		if before, ok := x.again[r.row]; ok && !r.made && !before.made {
			r.unsure = true // what is there already is looked at
		}
		if r.made {
			r.id = x.statements[r.from+4 : r.from+4+len(m.key)]
		}
		return nil
	}
	if !w.plan.ordered {
		r.key = maphash.Bytes(w.seed, m.key)
	}
	return nil
}

// codes of failures, by what has failed.
func codeOfRecord(err error) string {
	var size *sizeError
	var id *idError
	var field *fieldError
	switch {
	case errors.As(err, &size):
		return "too_large"
	case errors.As(err, &id):
		return "id"
	case errors.As(err, &field):
		return "document"
	default:
		return "write"
	}
}

// refuse notes that a record cannot be written.
func (x *batch) refuse(r *row, err error) {
	r.failed = true
	x.failed = append(x.failed, plugins.Failure{Row: r.row, Code: codeOfRecord(err), Msg: err.Error()})
}

// Flush implements [plugins.Sink]: nothing is held back.
func (w *writer) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (w *writer) Close(context.Context) error {
	w.ended.Wait()
	return nil
}

// send writes what waits until nothing does.
func (w *writer) send(ctx context.Context) {
	for {
		w.mu.Lock()
		n, records := 0, 0
		for n < len(w.waiting) && (n == 0 || records+len(w.waiting[n].rows) <= w.plan.maxRecords) {
			records += len(w.waiting[n].rows)
			n++
		}
		if n == 0 {
			w.running = false
			w.mu.Unlock()
			return
		}
		batches := w.waiting[:n:n]
		w.mu.Unlock()
		through, err := w.write(ctx, batches)
		w.mu.Lock()
		w.waiting = w.waiting[n:]
		w.been = w.been || err == nil
		if err != nil {
			batches = append(batches, w.waiting...)
			w.waiting = nil
			if w.been && plugins.IsPermanent(err) {
				err = errors.New(err.Error()) // it has worked before: records wait rather than that they are given up
			}
		}
		if len(w.waiting) == 0 {
			w.waiting = nil
		}
		for _, x := range batches { // under the lock: another Write comes after all answers
			w.records -= len(x.rows)
			w.bytes -= len(x.statements)
			through = w.answer(x, through, err)
		}
		w.room.Broadcast()
		w.mu.Unlock()
	}
}

// answer says what came of a batch, of a run of which so many records are through. It returns how many of the others are.
func (w *writer) answer(x *batch, through int, err error) int {
	n := len(x.rows)
	if through >= n {
		if len(x.failed) > 0 {
			x.done(x.failed)
		} else {
			x.done(nil)
		}
		w.spare.put(x)
		return through - n
	}
	if w.failed == nil {
		w.failed = x.Batch
	}
	if w.plan.mode == "insert" && !plugins.IsPermanent(err) {
		w.unsure = append(w.unsure, x) // it keeps its memory
	}
	if through == 0 {
		x.done(err)
		return 0
	}
	var failed plugins.RowErrors
	for _, f := range x.failed {
		for _, r := range x.rows[:through] {
			if r.row == f.Row {
				failed = append(failed, f)
			}
		}
	}
	x.done(&plugins.PartialError{Done: through, Failed: failed, Err: err})
	return 0
}

// spares are batches and names that are used again.
type spares struct {
	mu      sync.Mutex
	batches []*batch
	names   map[string]string
}

// maxNames bounds the collections that a writer knows by heart.
const maxNames = 4096

// name returns the name of a collection, "" for one that is none.
func (s *spares) name(name []byte) string {
	if known := s.names[string(name)]; known != "" {
		return known
	}
	if checkName(string(name)) != nil {
		return ""
	}
	if s.names == nil || len(s.names) == maxNames {
		s.names = map[string]string{}
	}
	known := string(name)
	s.names[known] = known
	return known
}

func (s *spares) get() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.batches); n > 0 {
		x := s.batches[n-1]
		s.batches = s.batches[:n-1]
		return x
	}
	return &batch{}
}

// maxSpare bounds the batches that are kept.
const maxSpare = 64

func (s *spares) put(x *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.batches) < maxSpare && cap(x.statements) <= 4<<20 {
		clear(x.rows)
		*x = batch{statements: x.statements[:0], rows: x.rows[:0]}
		s.batches = append(s.batches, x)
	}
}
