package plugintest

import "fmt"

// difference says where records are not those wanted, "" where they are.
func difference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("number %d of %d is %.200q and should be %.200q, of %d", i, len(got), got[i], want[i], len(want))
		}
	}
	switch {
	case len(got) > len(want):
		return fmt.Sprintf("there are %d and should be %d; the first too many is %.200q", len(got), len(want), got[len(want)])
	case len(got) < len(want):
		return fmt.Sprintf("there are %d and should be %d; the first that is missing is %.200q", len(got), len(want), want[len(got)])
	}
	return ""
}

// missing returns the first of some records that are not among others, "" for none.
func missing(some, among []string) string {
	have := map[string]bool{}
	for _, v := range among {
		have[v] = true
	}
	for _, v := range some {
		if !have[v] {
			return v
		}
	}
	return ""
}
