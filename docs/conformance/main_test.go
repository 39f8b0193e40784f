package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const output = `=== RUN   TestConformance
    CONFORMANCE bus=memory server="in process" capability=keys declared=yes verdict=proved
    CONFORMANCE bus=memory server="in process" capability=reconnect declared=yes verdict=skipped
    CONFORMANCE bus=kafka server="kfake" capability=keys declared=yes verdict=proved
    CONFORMANCE bus=kafka server="Apache Kafka" capability=keys declared=yes verdict=failed
    CONFORMANCE bus=kafka server="Apache Kafka" capability=headers declared=no verdict=undeclared
ok  	example.com/kafka	1.2s
`

func TestTable(t *testing.T) {
	t.Parallel()
	doc := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(doc, []byte("before\n"+begin+"stale\n"+end+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var talk strings.Builder
	const failed = "keys has failed on kafka, Apache Kafka: the table says so"
	if err := run([]string{doc}, strings.NewReader(output), &talk); err == nil || err.Error() != failed {
		t.Fatalf("error is %v, want %s", err, failed)
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n" + begin + "| | | kafka | memory |\n",
		"| `keys` | records keep their keys, and those of a key are on one partition | failed | yes |\n",
		"| `headers` | records keep their headers, in order | – | – |\n",
		"| – | (yes) |\n",
		"- kafka: Apache Kafka; kfake\n- memory: in process\n" + end + "\nafter\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if !strings.Contains(talk.String(), "ok  \texample.com/kafka") || strings.Contains(string(text), "stale") {
		t.Errorf("it says %q, and writes\n%s", talk.String(), text)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	doc := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(doc, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args     []string
		in, want string
	}{
		{nil, output, "give the document"},
		{[]string{doc}, "ok\n", "there is no line of the suite"},
		{[]string{doc}, output, "has no place for the table"},
		{[]string{doc + "x"}, output, "no such file"},
	} {
		if err := run(test.args, strings.NewReader(test.in), &strings.Builder{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %s", test.args, err, test.want)
		}
	}
}
