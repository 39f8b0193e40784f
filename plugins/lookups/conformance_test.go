package lookups_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/plugintest"
)

func TestFileConforms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"devices.csv", "devices.ndjson"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugintest.Lookup(t, plugintest.LookupCase{Kind: fileKind(t), Open: func(t testing.TB) plugintest.Place {
				p := plugintest.Place{Unknown: []plugins.Value{text("nobody"), {Kind: plugins.Int, Int: 7}}}
				var content strings.Builder
				for i := range 200 {
					record := fmt.Sprintf(`{"id":"d%d","site":"s%d"}`, i, i)
					p.Known = append(p.Known, plugintest.Entry{Key: text(fmt.Sprint("d", i)), Record: record})
					content.WriteString(record + "\n")
				}
				all := content.String()
				if strings.HasSuffix(name, ".csv") {
					all = "id,site\n" + strings.NewReplacer(`{"id":"`, "", `","site":"`, ",", `"}`, "").Replace(all)
				}
				path := filepath.Join(t.TempDir(), name)
				write(t, path, all)
				p.Config = plugintest.Configure(fileKind(t).Schema, map[string]any{"path": path, "id": "id"})
				return p
			}})
		})
	}
}
