package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// cli is what the commands share: the streams and the environment of the
// process. Data goes to stdout, talk to stderr.
type cli struct {
	config         Config
	stdin          io.Reader
	stdout, stderr io.Writer
	lookupEnv      func(string) (string, bool)
	asJSON         bool // the result is for a program, so are its errors
	unkept         unkept
	processes      processes
}

// isTerminal reports whether somebody watches w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is the number of columns to write to w, 0 where it is no terminal.
func width(w io.Writer) uint {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil || n < 0 {
		return 0
	}
	return uint(n)
}

// colors reports whether to write in color to w. See https://no-color.org.
func (c *cli) colors(w io.Writer) bool {
	no, _ := c.lookupEnv("NO_COLOR")
	return no == "" && isTerminal(w)
}

// writeJSON writes v for a program to read.
func (c *cli) writeJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}
