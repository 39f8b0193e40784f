package lookups

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
)

// maxHeader is how much of a file is looked at for its header.
const maxHeader = 64 << 10

// headerNames returns the fields that a file has, where it can be told before it
// is read: it is CSV, is there, and its header is sound. Whatever else is wrong
// with it shows when it is read.
func headerNames(c plugins.Config) (names []string, ok bool) {
	if format, err := fileFormat(c); err != nil || format != "csv" || len(c.String("delimiter")) != 1 {
		return nil, false
	}
	begin, whole := beginning(c.String("path"))
	framing, err := codec.CSV().Framing(plugins.NewConfig(map[string]any{"delimiter": c.String("delimiter")}))
	if err != nil {
		return nil, false
	}
	begin = bytes.TrimPrefix(begin, []byte("\ufeff"))
	rows, _, err := framing.Splitter().Split(begin, 0, whole, nil)
	if err != nil || len(rows) == 0 {
		return nil, false
	}
	names, err = codec.CSVNames(rows[0].Of(begin), c.String("delimiter")[0])
	return names, err == nil
}

// beginning returns the first bytes of a file, and whether they are all; none of
// what is no regular file, because to open that may take for ever.
func beginning(path string) (begin []byte, whole bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	begin, err = io.ReadAll(io.LimitReader(f, maxHeader+1))
	if err != nil {
		return nil, false
	}
	return begin[:min(len(begin), maxHeader)], len(begin) <= maxHeader
}

// withHeader returns the type of the records of a file, of which some fields are
// declared: those of its header where they can be told, and no others.
func withHeader(declared plugins.Type, c plugins.Config) (plugins.Type, error) {
	names, ok := headerNames(c)
	if !ok {
		return declared, nil
	}
	has := strings.Join(names, ", ")
	if id := c.String("id"); !slices.Contains(names, id) {
		return declared, plugins.ConfigErrorf("id", "the header of %s has no %s, by which records are looked up: it has %s", c.String("path"), id, has)
	}
	t := plugins.Type{Kind: plugins.Record}
	for _, name := range names {
		if _, twice := t.Field(name); twice {
			continue
		}
		typ, _ := declared.Field(name) // any, where it is not declared
		t.Fields = append(t.Fields, plugins.Field{Name: name, Type: typ})
	}
	for _, f := range declared.Fields {
		if !slices.Contains(names, f.Name) {
			return declared, plugins.ConfigErrorf("types", "the header of %s has no %s: it has %s", c.String("path"), f.Name, has)
		}
	}
	return t, nil
}
