package runtime

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// What is stored of a parcel is what the sink is given: all of a record, and
// values that stand side by side, each with its terminator.
func TestParcelRoundTrip(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	b := pool.Batch()
	b.Data = []byte("onetwothreek1k3t1t3nv")
	b.Values = []plugins.Span{{Off: 0, Len: 3}, {Off: 3, Len: 3}, {Off: 6, Len: 5}}
	b.Keys = []plugins.Span{{Off: 11, Len: 2}, {}, {Off: 13, Len: 2}}
	b.Topics = []plugins.Span{{Off: 15, Len: 2}, {}, {Off: 17, Len: 2}}
	b.Headers = []plugins.Header{{Name: plugins.Span{Off: 19, Len: 1}, Value: plugins.Span{Off: 20, Len: 1}}}
	b.HeaderRows = []plugins.Span{{}, {}, {Off: 0, Len: 1}}
	b.Times = []int64{1, 2, 3}
	b.SelectAll(3)
	b.Sel = []uint32{0, 2} // only what is alive is stored
	b.Part = plugins.Partition{Name: "topic", ID: 3}
	stored := appendParcel(nil, b, "source.in")
	got, from, err := readParcel(&pool, stored, []byte("\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (origin{"source.in", b.Part}); from != want || originOf(stored) != want {
		t.Errorf("it is from %v, or %v, not from %v", from, originOf(stored), want)
	}
	if !strings.HasPrefix(string(got.Data), "one\r\nthree\r\n") || string(got.Value(1)) != "three" || !slices.Equal(got.Times, []int64{1, 3}) {
		t.Errorf("got %q, %v", got.Data, got.Times)
	}
	if h := got.HeadersOf(1); string(got.Key(1)) != "k3" || string(got.Topic(1)) != "t3" || len(h) != 1 || string(h[0].Name.Of(got.Data)) != "n" {
		t.Errorf("got key %q, topic %q, headers %v", got.Key(1), got.Topic(1), h)
	}
}

// What is no parcel, or one of another version, is an error that says so.
func TestParcelsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	b := pool.Batch()
	b.Data = []byte("one")
	b.Values = []plugins.Span{{Len: 3}}
	b.SelectAll(1)
	whole := appendParcel(nil, b, "source.in")
	for n := range whole {
		if _, _, err := readParcel(&pool, whole[:n], nil); !errors.Is(err, errParcel) {
			t.Errorf("cut off at %d: %v", n, err)
		}
	}
	whole[0]++
	if _, _, err := readParcel(&pool, whole, nil); err == nil || !strings.Contains(err.Error(), "were stored by another version of onstream: let that one write them") {
		t.Errorf("of another version: %v", err)
	}
}
