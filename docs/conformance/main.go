// Command conformance reads the output of go test -v ./connectors/..., and writes what the
// buses have proved in it into a document, as a table between two comments.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/onstream/onstream/connectors/bustest"
)

const (
	begin = "<!-- begin conformance: make conformance -->\n"
	end   = "<!-- end conformance -->"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, talk io.Writer) error {
	if len(args) != 1 {
		return errors.New("give the document whose table is to be written; the output of go test -v is read from standard input")
	}
	results, err := read(in, talk)
	if err != nil {
		return err
	}
	doc, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	before, rest, opened := bytes.Cut(doc, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !opened || !closed {
		return fmt.Errorf("%s has no place for the table: add %s%s", args[0], begin, end)
	}
	if err := os.WriteFile(args[0], slices.Concat(before, []byte(begin), []byte(table(results)), []byte(end), after), 0o644); err != nil {
		return err
	}
	for _, r := range results {
		if r.verdict == "failed" {
			return fmt.Errorf("%s has failed on %s, %s: the table says so", r.capability, r.bus, r.server)
		}
	}
	return nil
}

// result is one line of the suite.
type result struct{ bus, server, capability, declared, verdict string }

var line = regexp.MustCompile(`CONFORMANCE bus=(\S+) server="([^"]*)" capability=(\S+) declared=(\S+) verdict=(\S+)`)

// read finds the suite's lines, and passes on what else tells how the tests went.
func read(in io.Reader, talk io.Writer) ([]result, error) {
	var all []result
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if m := line.FindStringSubmatch(s.Text()); m != nil {
			all = append(all, result{m[1], m[2], m[3], m[4], m[5]})
		} else if strings.HasPrefix(s.Text(), "ok") || strings.HasPrefix(s.Text(), "FAIL") || strings.Contains(s.Text(), "--- FAIL") {
			fmt.Fprintln(talk, s.Text())
		}
	}
	if s.Err() == nil && len(all) == 0 {
		return nil, errors.New("there is no line of the suite in the input: run the tests of the connectors with go test -v")
	}
	return all, s.Err()
}

// table has a line for each capability and a column for each bus, and tells what they
// were tested against.
func table(results []result) string {
	var buses []string
	servers := map[string][]string{}
	verdicts := map[[2]string][]string{}
	for _, r := range results {
		if !slices.Contains(buses, r.bus) {
			buses = append(buses, r.bus)
		}
		if !slices.Contains(servers[r.bus], r.server) {
			servers[r.bus] = append(servers[r.bus], r.server)
		}
		at := [2]string{r.bus, r.capability}
		verdicts[at] = append(verdicts[at], r.verdict)
	}
	slices.Sort(buses)
	var b strings.Builder
	fmt.Fprintf(&b, "| | | %s |\n|---|---|%s\n", strings.Join(buses, " | "), strings.Repeat("---|", len(buses)))
	for _, c := range bustest.Capabilities() {
		fmt.Fprintf(&b, "| `%s` | %s |", c.Name, c.Says)
		for _, bus := range buses {
			fmt.Fprintf(&b, " %s |", merged(verdicts[[2]string{bus, c.Name}]))
		}
		b.WriteString("\n")
	}
	b.WriteString("\nTested against:\n\n")
	for _, bus := range buses {
		slices.Sort(servers[bus])
		fmt.Fprintf(&b, "- %s: %s\n", bus, strings.Join(servers[bus], "; "))
	}
	return b.String()
}

// merged is what all servers and settings of a bus say together.
func merged(verdicts []string) string {
	switch {
	case slices.Contains(verdicts, "failed"):
		return "failed"
	case slices.Contains(verdicts, "proved"):
		return "yes"
	case slices.Contains(verdicts, "skipped"):
		return "(yes)"
	default:
		return "–"
	}
}
