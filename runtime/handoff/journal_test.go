package handoff_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/handoff"
)

// memoryLog is a log in memory. Cut, if it is not negative, is how many entries
// the next Append adds before it fails.
type memoryLog struct {
	first   int64
	entries [][]byte
	cut     int
}

var errCut = errors.New("cut off")

func (l *memoryLog) Append(_ context.Context, entries ...[]byte) error {
	for _, e := range entries {
		if l.cut == 0 {
			l.cut = -1
			return errCut
		}
		if len(e) > plugins.MaxStateEntry {
			return fmt.Errorf("an entry has %d bytes", len(e))
		}
		l.cut = max(l.cut-1, -1)
		l.entries = append(l.entries, slices.Clone(e))
	}
	if l.cut == 0 { // they are there, but nobody is told
		l.cut = -1
		return errCut
	}
	return nil
}

func (l *memoryLog) Read(_ context.Context, f func(int64, []byte) error) error {
	for i, e := range l.entries {
		if err := f(l.first+int64(i), e); err != nil {
			return err
		}
	}
	return nil
}

func (l *memoryLog) Trim(_ context.Context, below int64) error {
	if n := below - l.first; n > 0 {
		l.entries, l.first = l.entries[n:], below
	}
	return nil
}

func (*memoryLog) Close(context.Context) error { return nil }

// contents is what a log leads to: what the stage keeps by key, and what waits
// for the sink.
type contents map[string]string

func (c contents) apply(r handoff.Row) {
	at := fmt.Sprintf("%s %d %d %q", r.Addr, r.Space, r.Group, r.Key)
	if r.Kind == handoff.Post || r.Kind == handoff.Settle {
		at = fmt.Sprintf("%s %d", r.Addr, r.Number)
	}
	if r.Kind == handoff.Put || r.Kind == handoff.Post {
		c[at] = string(r.Value)
	} else {
		delete(c, at)
	}
}

func (c contents) equal(o contents) bool {
	if len(c) != len(o) {
		return false
	}
	for k, v := range c {
		if w, ok := o[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// replay opens the log as somebody new does.
func replay(t rapid.TB, l *memoryLog, generation int64, owner string) (*handoff.Journal, contents) {
	return replayAs(t, l, handoff.Claim{Generation: generation, Owner: owner})
}

func replayAs(t rapid.TB, l *memoryLog, c handoff.Claim) (*handoff.Journal, contents) {
	j, err := handoff.Open(context.Background(), l, c)
	if err != nil {
		t.Fatal(err)
	}
	got := contents{}
	if err := j.Replay(context.Background(), got.take); err != nil {
		t.Fatal(err)
	}
	return j, got
}

// take makes the change that a commit says.
func (c contents) take(change handoff.Change) error {
	if change.Full {
		clear(c)
	}
	return change.Rows(func(r handoff.Row) error { c.apply(r); return nil })
}

// Whatever owners append, are cut off in, trim, and append when they are owners no
// more: who comes next finds what the last commit of the rightful owner led to.
func TestNextOwnerFindsTheLastCommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		l := &memoryLog{cut: -1}
		model, position, number := contents{}, "", int64(0)
		var maybe contents // where an Append failed: it may be in the log or not
		var maybePosition string
		generation := int64(1)
		j, _ := replay(rt, l, generation, "owner 1")
		var zombies []*handoff.Journal
		drawRow := func() handoff.Row {
			r := handoff.Row{
				Kind: handoff.Kind(rapid.IntRange(1, 4).Draw(rt, "kind")), Addr: rapid.SampledFrom([]string{"transform.a", "sink.b"}).Draw(rt, "addr"),
				Space: 1, Group: 7, Key: []byte(rapid.StringN(0, 3, 3).Draw(rt, "key")), Number: rapid.Int64Range(0, 5).Draw(rt, "number"),
			}
			if r.Kind == handoff.Put || r.Kind == handoff.Post {
				r.Value = bytes.Repeat([]byte{rapid.Byte().Draw(rt, "byte")}, rapid.SampledFrom([]int{0, 1, 100, 600_000}).Draw(rt, "size"))
			}
			return r
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1: // a commit
				next, d := contents{}, new(handoff.Delta)
				for k, v := range model {
					next[k] = v
				}
				for range rapid.IntRange(0, 4).Draw(rt, "rows") {
					r := drawRow()
					d.Add(r)
					next.apply(r)
				}
				number++
				at := fmt.Sprint("at ", number)
				if rapid.IntRange(0, 2).Draw(rt, "cut") == 0 {
					l.cut = rapid.IntRange(0, 4).Draw(rt, "after")
				}
				err := j.Append(ctx, number, plugins.Position(at), d)
				l.cut = -1
				if err != nil {
					maybe, maybePosition = next, at
					if rapid.Bool().Draw(rt, "again") {
						err = j.Append(ctx, number, plugins.Position(at), d)
					}
				}
				if err == nil {
					model, position, maybe = next, at, nil
				} else { // this owner ends here
					generation++
					var got contents
					j, got = replay(rt, l, generation, fmt.Sprint("owner ", generation))
					if got.equal(maybe) && string(j.Standing().Position) == maybePosition {
						model, position = maybe, maybePosition
					}
					maybe, number = nil, j.Standing().Number
				}
			case 2: // another owner
				zombies = append(zombies, j)
				generation++
				j, _ = replay(rt, l, generation, fmt.Sprint("owner ", generation))
				number = j.Standing().Number
			case 3: // somebody who was an owner
				if len(zombies) == 0 {
					continue
				}
				d := new(handoff.Delta)
				d.Add(drawRow())
				z := rapid.SampledFrom(zombies).Draw(rt, "zombie")
				if err := z.Append(ctx, number+1, plugins.Position("stolen"), d); err != nil {
					rt.Fatal(err)
				}
			case 4: // all that there is
				d := new(handoff.Delta)
				full := contents{}
				for i := range rapid.IntRange(0, 5).Draw(rt, "kept") {
					r := handoff.Row{Kind: handoff.Put, Addr: "transform.a", Space: 2, Key: []byte{byte(i)}, Value: []byte("v")}
					d.Add(r)
					full.apply(r)
				}
				number++
				position = fmt.Sprint("at ", number)
				if err := j.AppendFull(ctx, number, plugins.Position(position), nil, d); err != nil {
					rt.Fatal(err)
				}
				model = full
				if rapid.Bool().Draw(rt, "trim") {
					before := len(l.entries)
					if err := j.Trim(ctx); err != nil {
						rt.Fatal(err)
					}
					if len(l.entries) > before {
						rt.Fatal("trimming added something")
					}
				}
			case 5: // a claim that came too late
				late, _ := replay(rt, l, 0, "late")
				if !late.Superseded() {
					rt.Fatal("a claim of an old generation counts")
				}
				zombies = append(zombies, late)
			}
			if rapid.IntRange(0, 3).Draw(rt, "look") > 0 {
				continue
			}
			generation++
			var got contents
			j, got = replay(rt, l, generation, fmt.Sprint("owner ", generation))
			if !got.equal(model) || string(j.Standing().Position) != position {
				rt.Fatalf("found %d rows at %q, want %d at %q", len(got), j.Standing().Position, len(model), position)
			}
			number = j.Standing().Number
		}
		j, got := replay(rt, l, generation+1, "the last")
		if !got.equal(model) || string(j.Standing().Position) != position {
			rt.Fatalf("found %d rows at %q, want %d at %q", len(got), j.Standing().Position, len(model), position)
		}
	})
}

// A group that its bus has forgotten begins at low generations again: who claims in
// it owns the partition, and who did before does not any more, whatever it still adds.
func TestGroupThatBeginsAnew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := &memoryLog{cut: -1}
	commit := func(j *handoff.Journal, number int64, key string) {
		t.Helper()
		d := new(handoff.Delta)
		d.Add(handoff.Row{Kind: handoff.Put, Addr: "transform.a", Key: []byte(key)})
		if err := j.Append(ctx, number, plugins.Position(key), d); err != nil {
			t.Fatal(err)
		}
	}
	former, _ := replayAs(t, l, handoff.Claim{Generation: 57, Owner: "former"})
	early, _ := replayAs(t, l, handoff.Claim{Generation: 3, Owner: "early", Anew: true})
	if !early.Superseded() {
		t.Error("a claim of an old generation counts, though no commit tells of another group")
	}
	commit(former, 1, "by the former")
	late, _ := replayAs(t, l, handoff.Claim{Generation: 1, Owner: "late"})
	if !late.Superseded() {
		t.Error("a claim of an old generation counts, though its group knows of another owner")
	}
	next, got := replayAs(t, l, handoff.Claim{Generation: 1, Owner: "next", Anew: true})
	if next.Superseded() || len(got) != 1 || next.Standing().Number != 1 {
		t.Fatalf("the next owner finds %d rows and %+v", len(got), next.Standing())
	}
	commit(next, 2, "by the next")
	if err := former.AppendFull(ctx, 2, plugins.Position("stolen"), nil, new(handoff.Delta)); err != nil {
		t.Fatal(err)
	}
	commit(former, 3, "stolen")
	if err := former.Survey(ctx); err != nil || !former.Superseded() {
		t.Errorf("the former owner does not see that it is one no more: %v", err)
	}
	last, got := replayAs(t, l, handoff.Claim{Generation: 2, Owner: "last"})
	if s := last.Standing(); last.Superseded() || len(got) != 2 || s.Number != 2 || string(s.Position) != "by the next" {
		t.Errorf("the last owner finds %d rows and %+v", len(got), s)
	}
}

// What an owner keeps is known to the next, also when that was another version
// of the pipeline, and when the log was trimmed.
func TestKeeps(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := &memoryLog{cut: -1}
	kept := map[string]string{"transform.a": "a count", "sink.b": ""}
	j, _ := replayAs(t, l, handoff.Claim{Generation: 1, Owner: "first", Keeps: kept})
	if err := j.Append(ctx, 1, nil, new(handoff.Delta)); err != nil {
		t.Fatal(err)
	}
	next, _ := replayAs(t, l, handoff.Claim{Generation: 2, Owner: "next", Keeps: map[string]string{"transform.a": "a sum"}})
	if got := next.Standing().Keeps; !maps.Equal(got, kept) {
		t.Errorf("the first kept %v, the next finds %v", kept, got)
	}
	other := map[string]string{"transform.c": "a mean"}
	if err := next.AppendFull(ctx, 2, nil, other, new(handoff.Delta)); err != nil {
		t.Fatal(err)
	}
	if err := next.Trim(ctx); err != nil {
		t.Fatal(err)
	}
	last, _ := replayAs(t, l, handoff.Claim{Generation: 3, Owner: "last"})
	if got := last.Standing().Keeps; !maps.Equal(got, other) {
		t.Errorf("the next kept %v, the last finds %v", other, got)
	}
}

// A log that does not check is an error with the number of the entry, never
// another state.
func TestDamagedEntries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := &memoryLog{cut: -1}
	j, _ := replay(t, l, 1, "owner")
	d := new(handoff.Delta)
	d.Add(handoff.Row{Kind: handoff.Put, Addr: "transform.a", Space: 1, Key: []byte("k"), Value: []byte("value")})
	if err := j.Append(ctx, 1, plugins.Position("here"), d); err != nil {
		t.Fatal(err)
	}
	for n, whole := range slices.Clone(l.entries) {
		for at := range whole {
			broken := slices.Clone(whole)
			broken[at] ^= 0x10
			l.entries[n] = broken
			j, err := handoff.Open(ctx, &memoryLog{entries: slices.Clone(l.entries), cut: -1}, handoff.Claim{Generation: 2, Owner: "next"})
			if err != nil {
				t.Fatal(err)
			}
			err = j.Survey(ctx)
			if err == nil || !plugins.IsPermanent(err) {
				t.Fatalf("bit %d of entry %d is flipped: %v", at, n, err)
			}
		}
		l.entries[n] = whole
	}
}

// Any bytes in a log are an error or no change, and never a panic.
func FuzzEntries(f *testing.F) {
	l := &memoryLog{cut: -1}
	j, err := handoff.Open(context.Background(), l, handoff.Claim{Generation: 1, Owner: "owner", Keeps: map[string]string{"transform.a": "a count"}})
	if err != nil {
		f.Fatal(err)
	}
	d := new(handoff.Delta)
	d.Add(handoff.Row{Kind: handoff.Put, Addr: "transform.a", Space: 1, Key: []byte("k"), Value: []byte("value")})
	if err := j.AppendFull(context.Background(), 1, plugins.Position("here"), nil, d); err != nil {
		f.Fatal(err)
	}
	for _, e := range l.entries {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &memoryLog{entries: [][]byte{data}, cut: -1}
		j, err := handoff.Open(context.Background(), l, handoff.Claim{Generation: 1, Owner: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		before := len(l.entries)
		_ = j.Replay(context.Background(), contents{}.take) // an error is as good
		if len(l.entries) != before {
			t.Fatal("reading has changed the log")
		}
	})
}
