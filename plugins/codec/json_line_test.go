package codec_test

import (
	"strings"
	"testing"
)

// A message becomes one line where it is one value; else the line ends stay, by which whoever
// writes lines knows that it is none.
func TestJSONLines(t *testing.T) {
	t.Parallel()
	line := framing(t, codecNamed(t, "json"), nil).Line
	for record, want := range map[string]string{
		"{\n  \"a\": [1,\r\n 2],\t\"b\": \"x \\n\"\n}\n": `{"a":[1,2],"b":"x \n"}`,
		"{}\n": `{}`,
	} {
		if got := string(line([]byte("<"), []byte(record))); got != "<"+want {
			t.Errorf("%q became %q, want %q", record, got, want)
		}
	}
	for _, record := range []string{
		"{\"i\":8}\n{\"i\":80}", "{\"i\":8}\n\n{\"i\":80}\n", "1\n2", "{\"a\":[1\n2]}", "{\"a\":\"x\ny\"}", "{\n", "\n", "{}\n}", "{\"a\":1}\nx",
		strings.Repeat("[\n", 1001) + strings.Repeat("]", 1001),
	} {
		if got := string(line([]byte("<"), []byte(record))); got != "<"+record {
			t.Errorf("%q became %q", record, got)
		}
	}
}
