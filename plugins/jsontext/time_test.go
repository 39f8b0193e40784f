package jsontext_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/plugins/jsontext"
	"pgregory.net/rapid"
)

func TestDurationsAreLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1e12, 1e12), rapid.Int64Range(-2000, 2000)).Draw(t, "d")
		if got, want := string(jsontext.AppendDuration(nil, d)), time.Duration(d).String(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestTimesComeBack(t *testing.T) {
	t.Parallel()
	precision := map[string]int64{"": 1, "ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, time.RFC1123: 1e9, "2006-01-02 15:04:05.000": 1e6}
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom([]string{"", "ns", "us", "ms", "s", time.RFC1123, "2006-01-02 15:04:05.000"}).Draw(t, "layout")
		ns := rapid.Int64Range(-9e18, 9e18).Draw(t, "ns")
		text := jsontext.AppendTime(nil, ns, layout)
		got, err := jsontext.ParseTime(text, layout)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if lost := ns - got; lost < 0 || lost >= precision[layout] {
			t.Fatalf("%d became %s and then %d", ns, text, got)
		}
	})
}
