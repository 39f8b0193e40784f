package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// checkLayout refuses a layout in which no part of a time stands: one of
// another language, most likely.
func checkLayout(layout string) error {
	if hasTimeParts(layout) {
		return nil
	}
	write := foreignLayouts.Replace(layout)
	if !hasTimeParts(write) {
		write = "2006-01-02 15:04:05"
	}
	return fmt.Errorf("no part of a time is in the layout %s: a layout shows how 2006-01-02 15:04:05.000 would look; write %q", quoteShort(layout), write)
}

// hasTimeParts reports whether times that differ look different in a layout.
func hasTimeParts(layout string) bool {
	a := time.Date(2001, time.February, 3, 4, 5, 6, 123456789, time.UTC)
	b := time.Date(2012, time.November, 23, 17, 38, 49, 987654321, time.FixedZone("X", 5400))
	return a.Format(layout) != b.Format(layout)
}

// foreignLayouts writes the layouts of other languages in Go's way.
var foreignLayouts = strings.NewReplacer(
	"yyyy", "2006", "YYYY", "2006", "yy", "06", "YY", "06", "MMM", "Jan", "MM", "01", "dd", "02", "DD", "02",
	"HH", "15", "hh", "03", "mm", "04", "ss", "05", "SSS", "000", "'T'", "T",
	"%Y", "2006", "%y", "06", "%m", "01", "%d", "02", "%b", "Jan", "%H", "15", "%I", "03", "%M", "04", "%S", "05", "%z", "-0700",
	"%F", "2006-01-02", "%T", "15:04:05",
)

// checkParseLayout checks a constant layout of time::parse, which may also be
// a count.
func checkParseLayout(args []*plugins.Value) (int, error) {
	if args[1] == nil || args[1].Kind != plugins.String || args[1].Text == "" || jsontext.IsEpoch(args[1].Text) {
		return 1, nil
	}
	return 1, checkLayout(args[1].Text)
}

// checkFormatLayout checks a constant layout and time zone of time::format.
func checkFormatLayout(args []*plugins.Value) (int, error) {
	if args[1] != nil && args[1].Kind == plugins.String && args[1].Text != "" {
		if err := checkLayout(args[1].Text); err != nil {
			return 1, err
		}
	}
	if len(args) < 3 {
		return 1, nil
	}
	return checkZone(2)(args)
}
