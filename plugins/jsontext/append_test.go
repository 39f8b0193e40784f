package jsontext_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

func TestAppend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		v      plugins.Value
		layout string
		want   string
	}{
		{plugins.Value{Kind: plugins.Null}, "", "null"},
		{plugins.Value{Kind: plugins.Bool, Int: 1}, "", "true"},
		{plugins.Value{Kind: plugins.Bool}, "", "false"},
		{plugins.Value{Kind: plugins.Int, Int: -5}, "", "-5"},
		{plugins.Value{Kind: plugins.Float, Float: 1e21}, "", "1e+21"},
		{plugins.Value{Kind: plugins.Float, Float: 1e-9}, "", "1e-9"},
		{plugins.Value{Kind: plugins.Float, Float: 146.21}, "", "146.21"},
		{plugins.Value{Kind: plugins.String, Text: "a\"\x01é"}, "", `"a\"\u0001é"`},
		{plugins.Value{Kind: plugins.Bytes, Text: "\x01\x02"}, "", `"AQI="`},
		{plugins.Value{Kind: plugins.Time, Int: 1.5e9}, "", `"1970-01-01T00:00:01.5Z"`},
		{plugins.Value{Kind: plugins.Time, Int: -1}, "s", "-1"},
		{plugins.Value{Kind: plugins.Time, Int: 0}, `"2006"`, `"\"1970\""`},
		{plugins.Value{Kind: plugins.Duration, Int: 90e9}, "", `"1m30s"`},
		{plugins.Value{Kind: plugins.List, Text: "[1, 2]"}, "", "[1, 2]"},
		{plugins.Value{Kind: plugins.Record, Text: "{\n \"a \\\" b\": [1,\r\n 2]}"}, "", `{"a \" b":[1,2]}`},
	}
	for _, tt := range tests {
		if got := jsontext.AppendValue(nil, tt.v, tt.layout); string(got) != tt.want {
			t.Errorf("value %+v: %s, want %s", tt.v, got, tt.want)
		}
		kinds := []plugins.Kind{tt.v.Kind, plugins.Any}
		if tt.layout != "" {
			kinds = kinds[:1] // a time in an any column has no layout
		}
		for _, k := range kinds {
			if k == plugins.Null {
				k = plugins.Int
			}
			var col plugins.Column
			col.Reset(k, 2)
			col.SetValue(1, tt.v)
			if got := jsontext.AppendRow(nil, &col, 1, tt.layout); string(got) != tt.want {
				t.Errorf("%s column, %+v: %s, want %s", k, tt.v, got, tt.want)
			}
		}
	}
}
