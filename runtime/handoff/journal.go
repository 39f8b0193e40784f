package handoff

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// Standing is what the last commit of a log says.
type Standing struct {
	Owner    string
	Number   int64 // 0 where there is no commit
	Position plugins.Position
}

// Journal is the log of a partition in the hands of its owner. It is used by
// one goroutine at a time.
type Journal struct {
	log        plugins.StateLog
	generation int64
	owner      string
	standing   Standing
	runs       map[int64]bool // first entries of the rows whose commits count
	full       int64          // number of the first entry that counts
	deltas     int            // bytes since the last full commit
	size       int            // bytes of that
}

// Open claims a partition and finds out where it stands. The log is closed with
// the journal, also after an error.
func Open(ctx context.Context, log plugins.StateLog, generation int64, owner string) (*Journal, error) {
	j := &Journal{log: log, generation: generation, owner: owner}
	claim := entry{kind: claimEntry, generation: generation, owner: owner}
	err := log.Append(ctx, claim.append(nil))
	if err == nil {
		err = j.survey(ctx)
	}
	if err != nil {
		_ = log.Close(context.WithoutCancel(ctx)) // another error is being reported
		return nil, err
	}
	return j, nil
}

// Close closes the log. What is in it stays.
func (j *Journal) Close(ctx context.Context) error { return j.log.Close(ctx) }

// Standing returns what the last commit says.
func (j *Journal) Standing() Standing { return j.standing }

// judge decides which entries count, as they come.
type judge struct {
	claimed    bool
	claimedAt  int64 // entry
	generation int64
	owner      string
	number     int64 // of the rows that wait for their commit
	run        int64 // their first entry
	count      int64 // of these
	size       int   // bytes of these
}

// rows reports whether an entry of rows can count.
func (g *judge) rows(at int64, e *entry) bool {
	if !g.rightful(e) {
		return false
	}
	if e.index == 0 {
		g.number, g.run, g.count, g.size = e.number, at, 0, 0
	}
	if e.number != g.number || e.index != g.count {
		return false
	}
	g.count++
	g.size += len(e.rows)
	return true
}

// commit reports whether a commit counts.
func (g *judge) commit(e *entry) bool {
	if !g.rightful(e) {
		return false
	}
	if e.index == 0 {
		g.number, g.count, g.size = e.number, 0, 0
	}
	ok := e.number == g.number && e.index == g.count
	g.number = -1
	return ok
}

func (g *judge) rightful(e *entry) bool {
	return g.claimed && e.generation == g.generation && e.owner == g.owner
}

func (g *judge) claim(at int64, e *entry) {
	if !g.claimed || e.generation >= g.generation {
		g.claimed, g.claimedAt, g.generation, g.owner, g.number = true, at, e.generation, e.owner, -1
	}
}

// read calls f with the entries that are rightful.
func (j *Journal) read(ctx context.Context, f func(g *judge, at int64, e *entry) error) error {
	var g judge
	return j.log.Read(ctx, func(at int64, data []byte) error {
		e, err := readEntry(data)
		if err != nil {
			return plugins.Permanent(fmt.Errorf("entry %d: %w", at, err))
		}
		if e.kind == claimEntry {
			g.claim(at, &e)
			return nil
		}
		return f(&g, at, &e)
	})
}

// survey finds the commits that count.
func (j *Journal) survey(ctx context.Context) error {
	j.runs = map[int64]bool{}
	return j.read(ctx, func(g *judge, at int64, e *entry) error {
		if e.kind == rowsEntry {
			g.rows(at, e)
			return nil
		}
		if !g.commit(e) {
			return nil
		}
		if e.full {
			clear(j.runs)
			j.full, j.size, j.deltas = g.claimedAt, g.size, 0
		} else {
			j.deltas += g.size
		}
		if e.index > 0 {
			j.runs[g.run] = true
		}
		j.standing = Standing{e.owner, e.number, e.position}
		return nil
	})
}

// Replay calls f with the rows that lead to where the log stands, in order, the
// first of them on nothing. It is called before the first Append.
func (j *Journal) Replay(ctx context.Context, f func(Row) error) error {
	// Rows come before their commit, so whether a run of them counts is known
	// only from the survey.
	var rows rowReader
	return j.read(ctx, func(g *judge, at int64, e *entry) error {
		if e.kind == commitEntry || !g.rows(at, e) || !j.runs[g.run] {
			return nil
		}
		if e.index == 0 {
			rows = rowReader{}
		}
		if err := rows.feed(e.rows, f); err != nil {
			return fmt.Errorf("entry %d: %w", at, err)
		}
		return nil
	})
}

// Append adds a commit: where the partition is to be resumed, and what has
// changed. After an error it is called again with the same, or the journal is
// closed.
func (j *Journal) Append(ctx context.Context, number int64, position plugins.Position, changed *Delta) error {
	return j.append(ctx, entry{number: number, position: position}, changed)
}

// AppendFull is Append with all that there is: what is before is not needed any
// more.
func (j *Journal) AppendFull(ctx context.Context, number int64, position plugins.Position, all *Delta) error {
	return j.append(ctx, entry{number: number, position: position, full: true}, all)
}

func (j *Journal) append(ctx context.Context, e entry, rows *Delta) error {
	e.generation, e.owner = j.generation, j.owner
	var entries [][]byte
	if e.full { // it stands on its own, where all before it is trimmed
		claim := entry{kind: claimEntry, generation: j.generation, owner: j.owner}
		entries = append(entries, claim.append(nil))
	}
	rest := rows.entries(e)
	e.kind, e.index = commitEntry, int64(len(rest))
	entries = append(append(entries, rest...), e.append(nil))
	if err := j.log.Append(ctx, entries...); err != nil {
		return err
	}
	if e.full {
		j.size, j.deltas = rows.Size(), 0
	} else {
		j.deltas += rows.Size()
	}
	j.standing = Standing{e.owner, e.number, e.position}
	return nil
}

// Wasteful reports whether the log has so much that is outdated that a full
// commit is worth it.
func (j *Journal) Wasteful() bool { return j.deltas > 4<<20+2*j.size }

// Trim forgets what a full commit, the last that was appended, made needless.
func (j *Journal) Trim(ctx context.Context) error {
	if err := j.survey(ctx); err != nil {
		return err
	}
	return j.log.Trim(ctx, j.full)
}
