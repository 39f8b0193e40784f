package handoff

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// Claim says whose a partition is.
type Claim struct {
	Owner      string
	Generation int64 // of the group, when it gave the partition to the owner
	// Anew says that the group knows of nobody who had the partition before: it
	// may be another one than that of former claims.
	Anew bool
	// Keeps is what must agree with what the next owner keeps: the shape of each
	// stage's state and the encoding of what waits for each sink, by address.
	Keeps map[string]string
}

// Standing is what the last commit of a log says.
type Standing struct {
	Owner    string
	Number   int64 // 0 where there is no commit
	Position plugins.Position
	Keeps    map[string]string // what its owner claimed
}

// Journal is the log of a partition in the hands of its owner. It is used by
// one goroutine at a time.
type Journal struct {
	log        plugins.StateLog
	mine       Claim
	standing   Standing
	superseded bool
	full       int64 // number of the first entry that counts
	deltas     int   // bytes since the last full commit
	size       int   // bytes of that
}

// Open claims a partition. The log is closed with the journal, also after an
// error. Survey or Replay is to come next.
func Open(ctx context.Context, log plugins.StateLog, c Claim) (*Journal, error) {
	e := c.entry(false)
	if err := log.Append(ctx, e.append(nil)); err != nil {
		_ = log.Close(context.WithoutCancel(ctx)) // another error is being reported
		return nil, err
	}
	return &Journal{log: log, mine: c}, nil
}

// Close closes the log. What is in it stays.
func (j *Journal) Close(ctx context.Context) error { return j.log.Close(ctx) }

// Standing returns what the last commit says.
func (j *Journal) Standing() Standing { return j.standing }

// Superseded reports whether the claim of another counted when the log was read:
// then nothing that is appended does.
func (j *Journal) Superseded() bool { return j.superseded }

// Survey reads where the log stands.
func (j *Journal) Survey(ctx context.Context) error { return j.read(ctx, nil) }

// Replay is Survey, and calls take with each commit that counts, in order: that
// leads, from nothing, to where the log stands. The rows are valid during the call.
func (j *Journal) Replay(ctx context.Context, take func(Change) error) error {
	return j.read(ctx, take)
}

func (j *Journal) read(ctx context.Context, take func(Change) error) error {
	j.standing, j.full, j.size, j.deltas = Standing{}, 0, 0, 0
	var g judge
	var rows []byte // that wait for their commit
	err := j.log.Read(ctx, func(at int64, data []byte) error {
		e, err := readEntry(data)
		switch {
		case err != nil:
		case e.kind == claimEntry:
			err = g.claim(at, &e)
		case e.kind == rowsEntry:
			if g.rows(&e) && take != nil {
				if e.index == 0 {
					rows = rows[:0]
				}
				rows = append(rows, e.rows...)
			}
		case g.commit(&e):
			j.count(&g, &e)
			if take == nil {
				return nil
			}
			if e.index == 0 {
				rows = rows[:0]
			}
			if err := take(Change{e.flag, rows}); err != nil {
				return fmt.Errorf("entry %d: %w", at, err)
			}
		}
		if err != nil {
			return plugins.Permanent(fmt.Errorf("entry %d: %w", at, err))
		}
		return nil
	})
	j.superseded = g.owner != j.mine.Owner || g.generation != j.mine.Generation
	return err
}

// count notes a commit that counts.
func (j *Journal) count(g *judge, e *entry) {
	if e.flag {
		j.full, j.size, j.deltas = g.claimedAt, g.size, 0
	} else {
		j.deltas += g.size
	}
	j.standing = Standing{e.owner, e.number, e.position, g.keeps}
}

// Append adds a commit: where the partition is to be resumed, and what has
// changed. After an error it is called again with the same, or the journal is
// closed.
func (j *Journal) Append(ctx context.Context, number int64, position plugins.Position, changed *Delta) error {
	return j.append(ctx, entry{number: number, position: position}, changed)
}

// AppendFull is Append with all that there is, by an owner who keeps this: what is
// before is not needed any more.
func (j *Journal) AppendFull(ctx context.Context, number int64, position plugins.Position, keeps map[string]string, all *Delta) error {
	j.mine.Keeps = keeps
	return j.append(ctx, entry{number: number, position: position, flag: true}, all)
}

func (j *Journal) append(ctx context.Context, e entry, rows *Delta) error {
	e.generation, e.owner = j.mine.Generation, j.mine.Owner
	var entries [][]byte
	if e.flag { // it stands on its own, where all before it is trimmed
		again := j.mine.entry(true)
		entries = append(entries, again.append(nil))
	}
	rest := rows.entries(e)
	e.kind, e.index = commitEntry, int64(len(rest))
	entries = append(append(entries, rest...), e.append(nil))
	if err := j.log.Append(ctx, entries...); err != nil {
		return err
	}
	if e.flag {
		j.size, j.deltas = rows.Size(), 0
	} else {
		j.deltas += rows.Size()
	}
	j.standing = Standing{e.owner, e.number, e.position, j.mine.Keeps}
	return nil
}

// Wasteful reports whether the log has so much that is outdated that a full
// commit is worth it.
func (j *Journal) Wasteful() bool { return j.deltas > 4<<20+2*j.size }

// Trim forgets what a full commit, the last that was appended, made needless.
func (j *Journal) Trim(ctx context.Context) error {
	if err := j.Survey(ctx); err != nil {
		return err
	}
	return j.log.Trim(ctx, j.full)
}
