package cli

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks follows the links between the documents, and to their headings.
func TestLinks(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		documents, err := filepath.Glob(filepath.Join(root(t), pattern))
		if err != nil || len(documents) == 0 {
			t.Fatalf("no documents %s: %v", pattern, err)
		}
		for _, name := range documents {
			for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				path, anchor, _ := strings.Cut(m[1], "#")
				target := name
				if path != "" {
					target = filepath.Join(filepath.Dir(name), path)
				}
				if !exists(target) {
					t.Errorf("%s links to %s, which is not there", name, m[1])
				} else if anchor != "" && !hasHeading(read(t, target), anchor) {
					t.Errorf("%s links to %s, and there is no such heading", name, m[1])
				}
			}
		}
	}
}

// hasHeading reports whether a document has a heading with an anchor, made the
// way that forges do.
func hasHeading(doc, anchor string) bool {
	other := regexp.MustCompile(`[^a-z0-9 -]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(doc, -1) {
		slug := other.ReplaceAllString(strings.ToLower(m[1]), "")
		if strings.ReplaceAll(slug, " ", "-") == anchor {
			return true
		}
	}
	return false
}
