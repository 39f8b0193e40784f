package cli

import "testing"

// Letters of one record by several stages are one record. Letters of one stage
// that are alike are several, unless they are told to be repeats.
func TestReplayMerges(t *testing.T) {
	t.Parallel()
	at, part := int64(7), "in.ndjson"
	first, second := "transform.a", "transform.b"
	letters := []letter{
		{Stage: &first, Partition: &part, Offset: &at}, {Stage: &second, Partition: &part, Offset: &at},
		{Stage: &first, Partition: &part, Offset: &at},
	}
	for once, want := range map[bool]int{false: 2, true: 1} {
		m, got := newMerger(once), 0
		for _, x := range letters {
			if m.another(x, []byte("payload")) {
				got++
			}
		}
		if got != want || m.repeats != want-1 {
			t.Errorf("once %v: %d records, %d repeats; want %d, %d", once, got, m.repeats, want, want-1)
		}
	}
}
