package handoff_test

import (
	"context"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/handoff"
)

// What was forgotten no next owner finds, of whatever generation it is, nor what
// a former one adds.
func TestForgottenLogHasNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, next := range []handoff.Claim{{Owner: "next", Generation: 6}, {Owner: "next", Generation: 1, Anew: true}, {Owner: "former", Generation: 5}} {
		l := &memoryLog{cut: -1}
		former, _ := replay(t, l, 5, "former")
		kept := new(handoff.Delta)
		kept.Add(handoff.Row{Kind: handoff.Put, Addr: "transform.a", Space: 1, Key: []byte("k"), Value: []byte("v")})
		if err := former.Append(ctx, 1, plugins.Position("there"), kept); err != nil {
			t.Fatal(err)
		}
		if _, got := replayAs(t, &memoryLog{entries: l.entries, cut: -1}, next); len(got) != 1 {
			t.Fatalf("there is %v before", got)
		}
		if err := handoff.Forget(ctx, l); err != nil {
			t.Fatal(err)
		}
		if err := former.Append(ctx, 2, plugins.Position("later"), kept); err != nil {
			t.Fatal(err)
		}
		j, got := replayAs(t, l, next)
		if len(got) != 0 || j.Standing().Position != nil || len(j.Standing().Keeps) != 0 {
			t.Errorf("%+v finds %v, at %q, of %v", next, got, j.Standing().Position, j.Standing().Keeps)
		}
		if err := j.Append(ctx, j.Standing().Number+1, plugins.Position("anew"), kept); err != nil {
			t.Fatal(err)
		}
		if j, got := replay(t, l, 7, "after"); len(got) != 1 || string(j.Standing().Position) != "anew" {
			t.Errorf("after %+v there is %v, at %q", next, got, j.Standing().Position)
		}
	}
	if empty := (&memoryLog{cut: -1}); handoff.Forget(ctx, empty) != nil {
		t.Error("an empty log cannot be forgotten")
	}
}
