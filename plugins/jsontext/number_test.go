package jsontext_test

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/onstream/onstream/plugins/jsontext"
	"pgregory.net/rapid"
)

func TestParseInt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		err  string
	}{
		{"0", 0, ""},
		{"-0", 0, ""},
		{"9007199254740993", 9007199254740993, ""}, // 2^53+1
		{"9223372036854775807", math.MaxInt64, ""},
		{"-9223372036854775808", math.MinInt64, ""},
		{"9223372036854775808", 0, "is out of range"},
		{"-9223372036854775809", 0, "is out of range"},
		{"18446744073709551616", 0, "is out of range"},
		{"99999999999999999999999", 0, "is out of range"},
		{"1.0", 0, "is a float, not int"},
		{"1e3", 0, "is a float, not int"},
		{"01", 0, "is not valid JSON at offset 0"},
		{"1x", 0, "is not valid JSON at offset 1"},
		{"1 ", 0, "is not valid JSON at offset 1"},
		{"-", 0, "is not valid JSON at offset 0"},
		{"", 0, "is not valid JSON at offset 0"},
		{`"1"`, 0, "is a string, not int"},
	}
	for _, tt := range tests {
		got, err := jsontext.ParseInt([]byte(tt.text))
		if message(err) != tt.err || err == nil && got != tt.want {
			t.Errorf("ParseInt(%s) = %d, %v; want %d, %s", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParseFloat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want float64
		err  string
	}{
		{"9007199254740993", 9007199254740992, ""}, // 2^53+1 has no float64
		{"0.1", 0.1, ""},
		{"-63.45", -63.45, ""},
		{"123456789012345678", 123456789012345680, ""},
		{"1e400", 0, "is out of range"},
		{"-1e400", 0, "is out of range"},
		{"1e-400", 0, ""},
		{"NaN", 0, "is not valid JSON at offset 0"},
		{"Infinity", 0, "is not valid JSON at offset 0"},
		{"-Infinity", 0, "is not valid JSON at offset 0"},
		{"0x10", 0, "is not valid JSON at offset 0"},
		{"1_000", 0, "is not valid JSON at offset 0"},
		{"1.", 0, "is not valid JSON at offset 2"},
		{".5", 0, "is not valid JSON at offset 0"},
		{"00.5", 0, "is not valid JSON at offset 0"},
		{"true", 0, "is a bool, not float"},
	}
	for _, tt := range tests {
		got, err := jsontext.ParseFloat([]byte(tt.text))
		if message(err) != tt.err || err == nil && got != tt.want {
			t.Errorf("ParseFloat(%s) = %v, %v; want %v, %s", tt.text, got, err, tt.want, tt.err)
		}
	}
}

// floats draws floats as sensors send them, and any other.
func floats() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return float64(rapid.IntRange(-1e9, 1e9).Draw(t, "n")) / math.Pow10(rapid.IntRange(0, 12).Draw(t, "scale"))
		case 1:
			return float64(rapid.Int64().Draw(t, "int"))
		default:
			for {
				f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
				if !math.IsNaN(f) && !math.IsInf(f, 0) {
					return f
				}
			}
		}
	})
}

func TestFloatsAreLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := floats().Draw(t, "f")
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if a := math.Abs(f); a >= 1<<63 && a < 1e21 {
			want = strconv.AppendFloat(nil, f, 'e', -1, 64) // the digits alone would be an integer out of range
		}
		if got := jsontext.AppendFloat(nil, f); string(got) != string(want) {
			t.Fatalf("AppendFloat(%b) = %s, want %s", f, got, want)
		}
		for _, format := range []byte("feg") {
			text := strconv.FormatFloat(f, format, rapid.IntRange(-1, 20).Draw(t, "digits"), 64)
			want, _ := strconv.ParseFloat(text, 64)
			got, err := jsontext.ParseFloat([]byte(text))
			if errors.Is(err, jsontext.ErrRange) && math.IsInf(want, 0) {
				continue
			}
			if err != nil || math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("ParseFloat(%s) = %v, %v; want %v", text, got, err, want)
			}
		}
	})
}
