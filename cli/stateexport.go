package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newStateExport(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR/PIPELINE FILE",
		Short: "Write all that a pipeline has stored to a file",
		Long: `Write all that a pipeline has stored to FILE, for onstream state import: lines of
JSON, the last of which has their number and a checksum. - is standard output.`,
		Example: `  onstream state export /var/lib/onstream/fleet fleet.ndjson
  onstream state export /var/lib/onstream/fleet - | gzip > fleet.ndjson.gz`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return c.exportState(args[0], args[1]) },
	}
}

func (c *cli) exportState(folder, name string) (err error) {
	s, pipeline, err := c.openState(folder)
	if err != nil {
		return err
	}
	defer s.Close()
	show, end := c.counter("exporting")
	var lines int64
	export := func(w io.Writer) error {
		return s.Export(w, pipeline, func(n int64) {
			lines = n
			show(n)
		})
	}
	if name == "-" {
		err = export(c.stdout)
	} else {
		err = writeWhole(name, export)
	}
	end()
	if err != nil {
		return failed(err)
	}
	fmt.Fprintf(c.stderr, "onstream: exported %s\n", plural(int(lines), "line"))
	return nil
}

// writeWhole writes a file that has its name when all of it is on disk.
func writeWhole(name string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = write(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
