package jsontext_test

import (
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func TestSlot(t *testing.T) {
	t.Parallel()
	of, at := plugins.Of, func(layout string) plugins.Type { return plugins.Type{Kind: plugins.Time, Layout: layout} }
	noon := time.Date(2026, 1, 31, 12, 0, 0, 5e8, time.UTC).UnixNano()
	tests := []struct {
		t    plugins.Type
		text string
		want plugins.Value
		err  string
	}{
		{of(plugins.Float), "3", plugins.Value{Kind: plugins.Float, Float: 3}, ""},
		{of(plugins.Float), "null", plugins.Value{}, "is null"},
		{of(plugins.Float).OrNull(), "null", plugins.Value{Kind: plugins.Null}, ""},
		{of(plugins.Float).OrNull(), "nul", plugins.Value{}, "is not valid JSON at offset 0"},
		{of(plugins.Float), `"3"`, plugins.Value{}, "is a string, not float"},
		{of(plugins.Float), "3 4", plugins.Value{}, "is not valid JSON at offset 1"},
		{of(plugins.Int), "3.0", plugins.Value{}, "is a float, not int"},
		{of(plugins.Bool), "true", plugins.Value{Kind: plugins.Bool, Int: 1}, ""},
		{of(plugins.Bool), "1", plugins.Value{}, "is an int, not bool"},
		{of(plugins.Bool), "trux", plugins.Value{}, "is not valid JSON at offset 0"},
		{of(plugins.String), `"a\nb"`, plugins.Value{Kind: plugins.String, Text: "a\nb"}, ""},
		{of(plugins.String), `["a"]`, plugins.Value{}, "is a list, not string"},
		{of(plugins.Bytes), `"AQI="`, plugins.Value{Kind: plugins.Bytes, Text: "\x01\x02"}, ""},
		{of(plugins.Bytes), `"%"`, plugins.Value{}, "is not base64"},
		{of(plugins.List), ` [1, 2] `, plugins.Value{Kind: plugins.List, Text: "[1, 2]"}, ""},
		{of(plugins.List), `[1,]`, plugins.Value{}, "is not valid JSON at offset 3"},
		{of(plugins.List), `{}`, plugins.Value{}, "is a record, not list"},
		{of(plugins.Map), `{"a":1}`, plugins.Value{Kind: plugins.Map, Text: `{"a":1}`}, ""},
		{of(plugins.Record), `[]`, plugins.Value{}, "is a list, not record"},
		{at(""), `"2026-01-31T12:00:00.5Z"`, plugins.Value{Kind: plugins.Time, Int: noon}, ""},
		{at(""), `"2026-01-31T13:00:00.5+01:00"`, plugins.Value{Kind: plugins.Time, Int: noon}, ""},
		{at(""), `"yesterday"`, plugins.Value{}, "is not a time such as 2026-01-31T08:00:00Z (RFC 3339)"},
		{at(""), `"2500-01-31T12:00:00Z"`, plugins.Value{}, "is out of range"},
		{at(""), `5`, plugins.Value{}, "is an int, not time"},
		{at("ms"), "1769860800500", plugins.Value{Kind: plugins.Time, Int: noon}, ""},
		{at("ms"), "1.5", plugins.Value{}, "is a float, not int"},
		{at("s"), "9223372036854775807", plugins.Value{}, "is out of range"},
		{at("2006-01-02 15:04:05.0"), `"2026-01-31 12:00:00.5"`, plugins.Value{Kind: plugins.Time, Int: noon}, ""},
		{at("2006-01-02"), `"31.1.2026"`, plugins.Value{}, `is not a time of the layout "2006-01-02"`},
		{of(plugins.Duration), `"1m30s"`, plugins.Value{Kind: plugins.Duration, Int: 90e9}, ""},
		{of(plugins.Duration), `"soon"`, plugins.Value{}, `is not a duration such as "1m30s"`},
		{of(plugins.Any), "1", plugins.Value{Kind: plugins.Int, Int: 1}, ""},
		{of(plugins.Any), "1.0", plugins.Value{Kind: plugins.Float, Float: 1}, ""},
		{of(plugins.Any), "9223372036854775808", plugins.Value{}, "is out of range"},
		{of(plugins.Any), "false", plugins.Value{Kind: plugins.Bool}, ""},
		{of(plugins.Any), "null", plugins.Value{Kind: plugins.Null}, ""},
		{of(plugins.Any), `"\u0041"`, plugins.Value{Kind: plugins.String, Text: "A"}, ""},
		{of(plugins.Any), `{"a":[]}`, plugins.Value{Kind: plugins.Record, Text: `{"a":[]}`}, ""},
		{of(plugins.Any), `[`, plugins.Value{}, "is not valid JSON at offset 1"},
		{of(plugins.Any), ``, plugins.Value{}, "is not valid JSON at offset 0"},
		{of(plugins.Any), `NaN`, plugins.Value{}, "is not valid JSON at offset 0"},
	}
	for _, tt := range tests {
		var col plugins.Column
		col.Reset(tt.t.Kind, 3)
		s := jsontext.Slot{Col: &col, Type: tt.t}
		if tt.t.Nullable {
			col.SetNull(2)
		}
		if tt.t.Kind == plugins.Any { // what the row held must not show
			if err := s.Set(1, []byte(`"before"`)); err != nil {
				t.Fatal(err)
			}
		}
		err := s.Set(1, []byte(tt.text))
		if message(err) != tt.err {
			t.Errorf("%s from %s: error %v, want %s", tt.t, tt.text, err, tt.err)
		} else if err == nil && col.Value(1) != tt.want {
			t.Errorf("%s from %s = %+v, want %+v", tt.t, tt.text, col.Value(1), tt.want)
		}
	}
}

func TestSlotClearsNull(t *testing.T) {
	t.Parallel()
	var col plugins.Column
	col.Reset(plugins.Int, 1)
	s := jsontext.Slot{Col: &col, Type: plugins.Of(plugins.Int).OrNull()}
	for _, text := range []string{"null", "7"} {
		if err := s.Set(0, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := col.Value(0); got != (plugins.Value{Kind: plugins.Int, Int: 7}) {
		t.Errorf("got %+v", got)
	}
}
