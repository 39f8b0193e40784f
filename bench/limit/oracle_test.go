package limit_test

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/onstream/onstream/bench/limit"
)

// oracle does the job of FilterMap with encoding/json. Its lines are
// canonical.
func oracle(t *testing.T, input string, withTime bool) (lines []string, tally limit.Tally) {
	t.Helper()
	for line := range strings.SplitSeq(input, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		tally.In++
		var in map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &in); err != nil || in == nil {
			tally.Bad++
			continue
		}
		var c float64
		raw := in["temperature"]
		if err := json.Unmarshal(raw, &c); err != nil || string(raw) == "null" {
			tally.Bad++
			continue
		}
		if c <= 75 {
			continue
		}
		tally.Out++
		out := map[string]any{"device_id": in["device_id"], "f": json.Number(strconv.FormatFloat(c*9/5+32, 'f', -1, 64)), "site": in["site"]}
		if withTime {
			out["ts"] = in["ts"]
		}
		encoded, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, canonical(t, string(encoded)))
	}
	return lines, tally
}

// canonical returns the object with sorted keys, no white space, one way of
// escaping, and numbers as they are spelled.
func canonical(t *testing.T, object string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", object, err)
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// byHand are lines that generated ones do not resemble.
var byHand = []string{
	`{}`,
	` { } `,
	`{"temperature":76}`,
	`{"temperature":"76"}`,
	`{"temperature":null}`,
	`{"temperature":[76]}`,
	`{"temperature":true}`,
	`{"temperature":1e400}`,
	`{"temperature":7.6E+1,"site":"exponent"}`,
	`{"temperature":-76}`,
	`{"temperature":-0.0}`,
	`{"temperature":75}`,
	`{"temperature":75.000000000000014}`,
	`{"temperature":75.0000}`,
	`{"temperature":75.00001}`,
	`{"temperature":123456789012345678901234567890}`,
	`{"temperature":1e300}`,
	`{"temperature":99999999}`,
	`{"temperature":9999.999,"ts":18446744073709551616}`,
	`{"temperature":076}`,
	`{"temperature":76.}`,
	`{"temperature":.76}`,
	`{"temperature":+76}`,
	`{"temperature":0x76}`,
	`{"temperature":7_6}`,
	`{"temperature":Inf}`,
	`{"temperature":7.6.1}`,
	`{"temperature":10,"temperature":80,"site":"last counts"}`,
	`{"temperature":80,"temperature":10}`,
	`{"temp\u0065rature":80,"\u0073ite":"escaped keys"}`,
	`{"temperature\\":80}`,
	`{"temperature":80,"site":"quote \" backslash \\ tab \t unicode \ud83d\ude00 é"}`,
	`{"temperature":80,"site":"ends in a backslash\\"}`,
	`{"temperature":80,"site":{"a":[1,{"b":"}"}],"c":"\"]"},"device_id":[[],{}]}`,
	`{"a":{"temperature":90},"temperature":80}`,
	`{"a":"\"temperature\":90","temperature":80}`,
	`{"temperature":80,"site":false,"device_id":12.50,"ts":null}`,
	"\t{ \"temperature\"\t:\t80 , \"site\" : \"spaces\" }\t\r",
	`{"temperature":80,"":"empty key","site":""}`,
	`{"site":"","temperature":80}`,
	`{"ts":1e3,"temperature":80}`,
	`{"temperature":80} x`,
	`{"temperature":80`,
	`{"temperature":80,}`,
	`{"temperature" 80}`,
	`{temperature:80}`,
	`[{"temperature":80}]`,
	`"temperature"`,
	`{"temperature":80,"site":"unterminated}`,
}

// rewritten spells the valid objects among the lines of input otherwise: keys
// in another order, white space, escapes, further members. It changes the
// spelling about every n-th line, so that a guess holds for some lines.
func rewritten(rng *rand.Rand, input string, n int) string {
	var out strings.Builder
	for line := range strings.Lines(input) {
		line = strings.TrimSuffix(line, "\n")
		var members map[string]json.RawMessage
		if rng.IntN(n) > 0 || json.Unmarshal([]byte(line), &members) != nil {
			out.WriteString(line + "\n")
			continue
		}
		space := func() string { return []string{"", "", " ", "\t", "  "}[rng.IntN(5)] }
		if rng.IntN(3) == 0 {
			members["extra"] = json.RawMessage(`{"temperature": [1, "}"], "site": {}}`)
		}
		out.WriteString(space() + "{" + space())
		first := true
		// The order of a map's keys is random.
		for key, value := range members {
			if !first {
				out.WriteString("," + space())
			}
			first = false
			out.WriteString(quoted(rng, key) + space() + ":" + space())
			var s string
			if value[0] == '"' && json.Unmarshal(value, &s) == nil {
				value = []byte(quoted(rng, s))
			}
			out.WriteString(string(value) + space())
		}
		out.WriteString("}" + space() + "\n")
	}
	return out.String()
}

// quoted returns s as a JSON string, at times with needless escapes.
func quoted(rng *rand.Rand, s string) string {
	plain, err := json.Marshal(s)
	if err != nil || s == "" || s[0] > '~' || s[0] == '\\' || s[0] == '"' || rng.IntN(4) > 0 {
		return string(plain)
	}
	return `"\u00` + strconv.FormatInt(int64(s[0]), 16) + string(plain[2:])
}
