// Command summary reads the output of go test -json. It shows people, on standard error, a line for each package and all
// that a failed test printed, then why tests were skipped, and ends with one line of counts on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

type event struct {
	Action     string
	Package    string
	ImportPath string // of a build, in place of Package
	Test       string
	Output     string
}

func main() {
	counts, err := summarize(os.Stdin, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "read test output:", err)
		os.Exit(1)
	}
	fmt.Println(counts)
}

func summarize(in io.Reader, talk io.Writer) (counts string, err error) {
	var passed, failed, skipped int
	reasons := map[string]int{}                 // why tests were skipped
	printed := map[[2]string]*strings.Builder{} // by package and test, until its fate is known
	blamed := map[string]bool{}                 // packages one of whose tests failed

	reader := bufio.NewReader(in)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(talk, "%s", line) // not of the tests: a word of go or make
			}
			key := [2]string{e.Package, e.Test}
			switch {
			case e.Action == "build-output":
				fmt.Fprint(talk, e.Output)
			case e.Action == "output" && e.Test == "":
				if isVerdict(e.Output) {
					fmt.Fprint(talk, e.Output)
				} else {
					keep(printed, key, e.Output)
				}
			case e.Action == "output":
				keep(printed, key, e.Output)
			case e.Action == "pass" && e.Test != "":
				passed++
				delete(printed, key)
			case e.Action == "skip" && e.Test != "":
				skipped++
				reasons[reason(printed[key])]++
				delete(printed, key)
			case e.Action == "fail":
				// A package fails with its tests; alone it fails when it does not build or its process dies.
				if e.Test != "" || !blamed[e.Package] {
					failed++
				}
				blamed[e.Package] = true
				if text := printed[key]; text != nil {
					fmt.Fprint(talk, text)
				}
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(talk, "skipped: %3d  %s\n", reasons[why], why)
	}
	counts = fmt.Sprintf("%d passed, %d failed", passed, failed)
	if skipped > 0 {
		counts += fmt.Sprintf(", %d skipped", skipped)
	}
	return counts, nil
}

// place is where a test has said something.
var place = regexp.MustCompile(`^\S+\.go:\d+: `)

// reason returns what a test has said last before it was skipped.
func reason(said *strings.Builder) string {
	why := "no reason is given"
	if said == nil {
		return why
	}
	for line := range strings.Lines(said.String()) {
		if line = strings.TrimSpace(line); place.MatchString(line) {
			why = place.ReplaceAllString(line, "")
		}
	}
	return why
}

// isVerdict tells go's own line on a package from what the package printed.
func isVerdict(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "?   \t")
}

func keep(printed map[[2]string]*strings.Builder, key [2]string, text string) {
	if printed[key] == nil {
		printed[key] = &strings.Builder{}
	}
	printed[key].WriteString(text)
}
