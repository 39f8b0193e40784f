package cli

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/onstream/onstream/wasm/golden"
	"github.com/onstream/onstream/wasm/manifest"
)

// The manifest and the golden rows that the documentation and the help show are as they are to be.
func TestBehavioursDoc(t *testing.T) {
	t.Parallel()
	doc := read(t, filepath.Join(root(t), "docs", "BEHAVIOURS.md"))
	texts := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(texts) != 3 {
		t.Fatalf("there are %d pieces of JSON", len(texts))
	}
	if m, err := manifest.Parse([]byte(texts[0][1])); err != nil || m.Name != "excursion" {
		t.Errorf("the manifest is %+v, %v", m, err)
	}
	if _, err := golden.Parse("BEHAVIOURS.md", []byte(texts[1][1])); err != nil {
		t.Error(err)
	}
	if _, err := golden.Parse("BEHAVIOURS.md", []byte(`{"steps": [`+texts[2][1]+`]}`)); err != nil {
		t.Error(err)
	}
	help := newModuleTest(&cli{}).Long
	if text := regexp.MustCompile(`(?ms)^  \{$.*^  \}$`).FindString(help); text == "" {
		t.Error("the help shows no rows")
	} else if _, err := golden.Parse("help", []byte(text)); err != nil {
		t.Error(err)
	}
	if step := regexp.MustCompile(`(?ms)^  \{"columns".*?\}$`).FindString(help); step == "" {
		t.Error("the help shows no step with columns")
	} else if _, err := golden.Parse("help", []byte(`{"steps": [`+step+`]}`)); err != nil {
		t.Error(err)
	}
}
