package cli

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/runtime/spool"
)

func newSpoolInspect(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect DIR",
		Short: "Tell what is in a spool, and whether all of it is whole",
		Long: `Read all of the spool in DIR, and tell its files, entries (what a source has
handed over at once) and records. Nothing is changed; the pipeline may run.

With --records, the records are written instead, a line each; with --output json
each with its numbers and where it came from.

The exit code is 1 when something is damaged.`,
		Example: `  onstream spool inspect state/fleet/spool/ingest
  onstream spool inspect --records state/fleet/spool/ingest | head`,
		Args: cobra.ExactArgs(1),
	}
	records := cmd.Flags().Bool("records", false, "write the records")
	output := addOutput(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		c.asJSON = output.value == "json"
		var each func(spool.Entry) error
		out := bufio.NewWriter(c.stdout)
		if *records {
			each = entryWriter(out, c.asJSON)
		}
		r, err := spool.Inspect(args[0], each)
		switch {
		case err != nil:
		case *records:
			err = out.Flush()
		case c.asJSON:
			err = c.writeJSON(newSpoolJSON(r))
		default:
			err = writeSpool(c.stdout, r)
		}
		if err == nil && len(r.Problems) > 0 {
			err = r.Problems[0]
		}
		if err != nil {
			return failed(err)
		}
		return nil
	}
	return cmd
}

// writeSpool writes a report for people.
func writeSpool(out io.Writer, r *spool.Report) error {
	s := newSpoolJSON(r)
	used := ""
	if r.InUse {
		used = "; a running process uses it"
	}
	fmt.Fprintf(out, "%s: %s in %s, %s bytes%s\n", r.Dir, plural(int(s.Records), "record"), plural(len(s.Files), "file"), count(s.Bytes), used)
	if len(s.Files) > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(w, "\nentries\trecords\tbytes\tbegun\t  file\n")
		for _, f := range s.Files {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t  %s\n", span(f.FirstEntry, f.Entries), span(f.FirstRecord, f.Records), count(f.Bytes), f.Created.Format(time.DateTime), f.File)
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		fmt.Fprintln(out)
	}
	for _, f := range s.Files {
		if f.GaveUp {
			fmt.Fprintf(out, "entries before %s were given up with onstream spool repair\n", f.File)
		}
	}
	switch {
	case len(r.Problems) > 0:
		for _, p := range r.Problems {
			fmt.Fprintf(out, "damaged: %s at offset %d: %s\n", p.File, p.Offset, p.Reason)
		}
	case r.Torn > 0 && r.InUse:
		fmt.Fprintf(out, "the last %d bytes are being written\n", r.Torn)
	case r.Torn > 0:
		fmt.Fprintf(out, "the last %d bytes are what a crash has left half written, and were not acknowledged: the next start cuts them off\n", r.Torn)
	default:
		fmt.Fprintln(out, "all of it is whole")
	}
	return nil
}

// span writes which of numbered things there are.
func span(first uint64, n int64) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("%d to %d", first, first+uint64(n)-1)
}

// spoolJSON is a report for a program.
type spoolJSON struct {
	Dir      string            `json:"dir"`
	InUse    bool              `json:"in_use"`
	Entries  int64             `json:"entries"`
	Records  int64             `json:"records"`
	Bytes    int64             `json:"bytes"`
	Torn     int64             `json:"torn"`
	Files    []spoolFileJSON   `json:"files"`
	Problems []spoolDamageJSON `json:"problems"`
}

type spoolFileJSON struct {
	File        string    `json:"file"`
	Created     time.Time `json:"created"`
	FirstEntry  uint64    `json:"first_entry"`
	Entries     int64     `json:"entries"`
	FirstRecord uint64    `json:"first_record"`
	Records     int64     `json:"records"`
	Bytes       int64     `json:"bytes"`
	GaveUp      bool      `json:"gave_up_before"`
}

type spoolDamageJSON struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Reason string `json:"reason"`
}

func newSpoolJSON(r *spool.Report) spoolJSON {
	s := spoolJSON{Dir: r.Dir, InUse: r.InUse, Torn: r.Torn, Files: []spoolFileJSON{}, Problems: []spoolDamageJSON{}}
	for _, f := range r.Segments {
		s.Entries += f.Entries
		s.Records += f.Records
		s.Bytes += f.Bytes
		s.Files = append(s.Files, spoolFileJSON{f.File, f.Created.UTC(), f.First, f.Entries, f.Record, f.Records, f.Bytes, f.GaveUp})
	}
	for _, p := range r.Problems {
		s.Problems = append(s.Problems, spoolDamageJSON{p.File, p.Offset, p.Reason})
	}
	return s
}

// spooledJSON is a record in a spool.
type spooledJSON struct {
	Entry         uint64     `json:"entry"`
	Record        uint64     `json:"record"`
	Received      *time.Time `json:"received,omitempty"`
	Partition     string     `json:"partition,omitempty"`
	Offset        *int64     `json:"offset,omitempty"` // as the source had it
	Failure       string     `json:"failure,omitempty"`
	Payload       string     `json:"payload,omitempty"`
	PayloadBase64 string     `json:"payload_base64,omitempty"`
}

// entryWriter writes the records of entries, a line each.
func entryWriter(out *bufio.Writer, asJSON bool) func(spool.Entry) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return func(e spool.Entry) error {
		failures := map[uint32]string{}
		for _, f := range e.Batch.Failures {
			failures[f.Row] = f.Code + ": " + f.Msg
		}
		for i := range uint32(e.Batch.Len) {
			if !asJSON {
				// What cannot be written, Flush tells.
				_, _ = out.Write(e.Batch.Value(i))
				_ = out.WriteByte('\n')
				continue
			}
			x := spooledJSON{Entry: e.Number, Record: e.Record + uint64(i), Partition: e.Batch.Part.String(), Failure: failures[i]}
			if e.Batch.Received != 0 {
				at := time.Unix(0, e.Batch.Received).UTC()
				x.Received = &at
			}
			if e.Batch.Offsets != nil {
				x.Offset = &e.Batch.Offsets[i]
			}
			if v := e.Batch.Value(i); utf8.Valid(v) {
				x.Payload = string(v)
			} else {
				x.PayloadBase64 = base64.StdEncoding.EncodeToString(v)
			}
			if err := enc.Encode(x); err != nil {
				return fmt.Errorf("write output: %w", err)
			}
		}
		return nil
	}
}
