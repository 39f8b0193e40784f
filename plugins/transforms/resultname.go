package transforms

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

// clippedKey is how many bytes of a key a message shows.
const clippedKey = 64

// nameFailed says in the messages of failed results whose they are: no record
// is behind a result that its dead letter could show.
func (r *results) nameFailed(b *plugins.Batch) {
	for k := range b.Failures {
		f := &b.Failures[k]
		for _, l := range r.locals {
			for j, path := range l.paths {
				switch path {
				case plugins.LocalPath("key"):
					f.Msg += "; key " + valueText(&l.cols[j], f.Row)
				case plugins.LocalPath("window", "start"):
					f.Msg += "; window.start " + valueText(&l.cols[j], f.Row)
				}
			}
		}
	}
}

// valueText shows a value in a message.
func valueText(col *plugins.Column, i uint32) string {
	if col.IsNull(i) {
		return "null"
	}
	switch v := col.Value(i); {
	case v.Kind == plugins.Bool:
		return strconv.FormatBool(v.Int != 0)
	case v.Kind == plugins.Int:
		return strconv.FormatInt(v.Int, 10)
	case v.Kind == plugins.Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case v.Kind == plugins.Time:
		return v.Time().Format(time.RFC3339Nano)
	case v.Kind == plugins.Duration:
		return v.Duration().String()
	case v.Kind.Nested():
		return strings.ToValidUTF8(clipped(v.Text), "")
	default:
		return fmt.Sprintf("%q", clipped(v.Text))
	}
}

func clipped(s string) string {
	if len(s) <= clippedKey {
		return s
	}
	return s[:clippedKey] + "..."
}
