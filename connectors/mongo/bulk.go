package mongo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/onstream/onstream/plugins"
)

// place of a row in a run of batches.
type item struct {
	*row
	of *batch
}

// bulk is statements for one collection, in the order of the records.
type bulk []item

// write writes batches in order, in bulks. It returns how many of the records, from the front, have been answered for.
func (w *writer) write(ctx context.Context, batches []*batch) (through int, err error) {
	all := w.items[:0]
	defer func() {
		w.items = all[:0]
		clear(all)
	}()
	for _, x := range batches {
		for i := range x.rows {
			all = append(all, item{&x.rows[i], x})
		}
	}
	for through < len(all) {
		n := w.cut(all[through:])
		done, err := w.writeBulk(ctx, all[through:through+n], false)
		through += done
		if err != nil {
			return through, err
		}
	}
	return through, nil
}

// cut returns how many items the next bulk has: of one collection, no more than a message takes, and where it is not ordered,
// none with an id that another one has.
func (w *writer) cut(items bulk) int {
	clear(w.keys)
	bytes, records, collection := 0, 0, ""
	for i, it := range items {
		switch {
		case it.failed:
			continue
		case records == 0:
			collection = it.collection
		case records >= w.most, it.collection != collection, bytes+it.to-it.from > w.plan.maxBytes, w.keys[it.key] && it.key != 0:
			return i
		}
		records++
		bytes += it.to - it.from
		if w.keys != nil {
			w.keys[it.key] = true
		}
	}
	return len(items)
}

// patience is how many times in a row the server may hang up on a bulk before it is thought to be because of a record.
const patience = 3

// writeBulk has the statements of a bulk done. It returns how many of its items, from the front, have been answered for.
// With search, the server is known to hang up on one of them, or to refuse the whole for it: that one is looked for.
func (w *writer) writeBulk(ctx context.Context, items bulk, search bool) (through int, err error) {
	for {
		rest := items[through:]
		sent := rest.unfailed()
		if len(sent) == 0 {
			return len(items), nil
		}
		err := w.run(ctx, sent)
		if len(sent) == 1 {
			// It may have been the moment, and not the record.
			for tries := 1; (isUnfit(err) || search && isHangup(err) && w.alive(ctx)) && tries < patience; tries++ {
				err = w.run(ctx, sent)
			}
		}
		refusals, fatal := w.refusals(sent, err)
		if fatal == nil {
			var n int
			n, fatal = w.settle(ctx, rest, sent, refusals)
			through += n
			switch {
			case fatal != nil: // and it is not known of what has come of the others
			case through == len(items):
				if len(refusals) == 0 {
					w.most = min(2*w.most, w.plan.maxRecords)
				}
				if !search {
					w.hangups = 0
				}
				return through, nil
			case search:
				continue
			default:
				// What stands behind is sent again: where many are refused, not all of it each time.
				w.most = max(1, len(sent)/2)
				return through, nil
			}
			for _, it := range sent {
				it.unsure = true
			}
			return through, fatal
		}
		if isLate(err) {
			w.most = max(1, len(sent)/2) // it may have been too much for that time
		}
		for _, it := range sent {
			it.unsure = true
		}
		switch hungUp := isHangup(err) && w.alive(ctx); {
		case hungUp && !search && w.hangups+1 < patience:
			w.hangups++
			return through, fatal
		case !hungUp && !isUnfit(err):
			return through, fatal
		case len(sent) == 1 && hungUp:
			fatal = fmt.Errorf("the server hangs up each time it is sent this record alone: %w", fatal)
			fallthrough
		case len(sent) == 1:
			sent[0].of.refuse(sent[0].row, errors.New(fatal.Error()))
			continue
		}
		n, err := w.writeBulk(ctx, rest[:len(rest)/2], true)
		if through += n; err != nil {
			return through, err
		}
		search = true
	}
}

// alive reports whether the server answers.
func (w *writer) alive(ctx context.Context) bool { return w.ping(ctx) == nil }

// settle notes what the server has refused of a bulk. It returns how many of rest, from the front, are answered for. An error says why
// that cannot be known now.
func (w *writer) settle(ctx context.Context, rest, sent bulk, refusals []refusal) (n int, err error) {
	for _, r := range refusals {
		if err := w.judge(ctx, sent[r.index], r); err != nil {
			return 0, err
		}
	}
	if len(refusals) == 0 || !w.plan.ordered {
		return len(rest), nil
	}
	// What stands behind the refused one was not tried.
	last := sent[refusals[len(refusals)-1].index]
	for rest[n].row != last.row {
		n++
	}
	return n + 1, nil
}

// races is how many times an upsert is done again that says that its key is there.
const races = 3

// judge finds out whether a refusal is the last word about a record, and notes it if so.
func (w *writer) judge(ctx context.Context, it item, r refusal) error {
	if r.code == duplicateKey && w.plan.mode == "upsert" {
		// Somebody else may have added the document between the server's look for it and its insert, which the server leaves to its
		// clients: now it is there to be found.
		for range races {
			again, err := w.refusals(bulk{it}, w.run(ctx, bulk{it}))
			if err != nil || len(again) == 0 {
				return err
			}
			r = again[0]
		}
	}
	if r.code == duplicateKey && it.unsure && w.plan.mode == "insert" {
		if own, err := w.isOwn(ctx, it); own || err != nil {
			return err
		}
	}
	it.failed = true
	it.of.failed = append(it.of.failed, r.failure(it.row.row))
	return nil
}

// unfailed returns the items that are to be sent.
func (b bulk) unfailed() bulk {
	for i := range b {
		if b[i].failed {
			left := append(bulk{}, b[:i]...)
			for _, it := range b[i:] {
				if !it.failed {
					left = append(left, it)
				}
			}
			return left
		}
	}
	return b
}

// run sends a command with the statements of a bulk.
func (w *writer) run(ctx context.Context, items bulk) error {
	db, err := w.db(ctx)
	if err != nil {
		return err
	}
	verb, list := w.plan.verb()
	c := append(w.command[:0], 0, 0, 0, 0)
	c = bsoncore.AppendStringElement(c, verb, items[0].collection)
	c = bsoncore.AppendBooleanElement(c, "ordered", w.plan.ordered)
	c = w.appendConcern(c)
	c = bsoncore.AppendHeader(c, bsoncore.TypeArray, list)
	start := len(c)
	c = append(c, 0, 0, 0, 0)
	for i, it := range items {
		c = append(strconv.AppendInt(append(c, byte(bsoncore.TypeEmbeddedDocument)), int64(i), 10), 0)
		c = append(c, it.of.statements[it.from:it.to]...)
	}
	c = finish(finish(c, start), 0)
	w.command = c
	ctx, cancel := w.within(ctx)
	defer cancel()
	return db.RunCommand(ctx, bson.Raw(c), options.RunCmd().SetReadPreference(readpref.Primary())).Err()
}

// appendConcern appends the write concern.
func (w *writer) appendConcern(c []byte) []byte {
	concern := w.concern
	c = bsoncore.AppendHeader(c, bsoncore.TypeEmbeddedDocument, "writeConcern")
	start := len(c)
	c = append(c, 0, 0, 0, 0)
	switch n := concern.W.(type) {
	case int:
		c = bsoncore.AppendInt32Element(c, "w", int32(n))
	case string:
		c = bsoncore.AppendStringElement(c, "w", n)
	}
	c = bsoncore.AppendBooleanElement(c, "j", *concern.Journal)
	return finish(c, start)
}

// refusal is what the server has said about a statement.
type refusal struct {
	index int
	code  int
	text  string
}

// duplicateKey is the code for one that is there already.
const duplicateKey = 11000

func (r refusal) failure(row uint32) plugins.Failure {
	f := plugins.Failure{Row: row, Code: "write", Msg: "the server has refused it: " + r.text}
	switch r.code {
	case duplicateKey, 11001:
		f.Code, f.Msg = "duplicate_key", "a document with that key is there already: "+r.text
	case 10334, 17419, 17420:
		f.Code = "too_large"
	case 121:
		f.Code, f.Msg = "validation", "the collection takes only what its validator does: "+r.text
	}
	return f
}

// refusals returns what the server has refused of a bulk whose statements it has otherwise done, or else why they may
// not be done.
func (w *writer) refusals(sent bulk, err error) ([]refusal, error) {
	if err == nil {
		w.outage.Reached()
		return nil, nil
	}
	doing := fmt.Sprintf("write %d records to collection %s", len(sent), sent[0].collection)
	e, ok := errors.AsType[mongo.WriteException](err)
	if !ok {
		return nil, w.try(doing, err)
	}
	if e.WriteConcernError != nil {
		return nil, w.try(doing, fmt.Errorf("they are written, and it is not known that they stay: %w", err))
	}
	w.outage.Reached()
	var all []refusal
	for _, x := range e.WriteErrors {
		if x.Index < 0 || x.Index >= len(sent) {
			return nil, w.try(doing, err)
		}
		if isFleetingCode(x.Code) {
			return nil, w.try(doing, err)
		}
		all = append(all, refusal{x.Index, x.Code, w.at.redact(clippedText(x.Message))})
	}
	return all, nil
}

// isOwn reports whether a key is there already because an earlier attempt, whose answer was lost, has written it.
func (w *writer) isOwn(ctx context.Context, it item) (bool, error) {
	doc := bsoncore.Document(it.of.statements[it.from:it.to])
	id, err := doc.LookupErr("_id")
	if err != nil {
		return false, nil //nolint:nilerr // without an _id nothing can be of this
	}
	db, err := w.db(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := w.within(ctx)
	defer cancel()
	filter := finish(appendEqual([]byte{0, 0, 0, 0}, "_id", id), 0)
	// What the primary has, and has just refused it for: no other member, and not only what a majority has by now.
	now := options.Collection().SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Local())
	there, err := db.Collection(it.collection, now).FindOne(ctx, bson.Raw(filter)).Raw()
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return false, w.try("see whether a record is there already in collection "+it.collection, err)
	}
	return err == nil && string(there) == string(doc), nil
}

// isUnfit reports whether the server has refused a command for what is in it.
func isUnfit(err error) bool {
	if !isServers(err) || isFleeting(err) {
		return false
	}
	if e, ok := errors.AsType[mongo.WriteException](err); ok && e.WriteConcernError != nil {
		return false
	}
	switch codeOf(err) {
	case 13, 18, 8000, 26, 59, 79, 100, 50, 64, 46, 112, 20, 211, 10058, 11601, 12500, 14031:
		return false // who, what, and when: not which record
	}
	return true
}
