package cli

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// replayed is what became of the records of an error output.
type replayed struct {
	File           string `json:"file"`
	Source         string `json:"source"`
	DryRun         bool   `json:"dry_run"`
	Records        int    `json:"records"`  // that are replayed
	Merged         int    `json:"merged"`   // dead letters of a record that another one is of
	Excluded       int    `json:"excluded"` // by --code and --stage
	WithoutPayload int    `json:"without_payload"`
	TooLarge       int    `json:"too_large"`
	// Warnings tell what may become of the records.
	Warnings []string `json:"warnings"`

	merger *merger
	// Dead letters of records that are replayed, by the stage and by the pipeline.
	stages, pipelines map[string]int
}

// letter is what matters of a record of an error output, whose fields are those
// of graph.ErrorShape.
type letter struct {
	Pipeline      string  `json:"pipeline"`
	Stage         *string `json:"stage"`
	Code          *string `json:"code"`
	Message       *string `json:"message"`
	Partition     *string `json:"partition"`
	Offset        *int64  `json:"offset"`
	Payload       *string `json:"payload"`
	PayloadBase64 *string `json:"payload_base64"`
}

// tooLarge is the code of records of which only the beginning was kept.
const tooLarge = "too_large"

// read gives each record of a file that is selected and whole to add.
func (r *replayed) read(in io.Reader, f *replayFlags, add func([]byte) error) error {
	lines := bufio.NewReaderSize(in, 64<<10)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", r.File, err)
		}
		last := err != nil
		if len(strings.TrimSpace(string(line))) > 0 {
			if err := r.take(line, f, add); err != nil {
				return fmt.Errorf("%s, line %d: %w", r.File, number, err)
			}
		}
		if last {
			return nil
		}
	}
}

// take deals with one record.
func (r *replayed) take(line []byte, f *replayFlags, add func([]byte) error) error {
	x, err := parseLetter(line)
	if err != nil {
		return err
	}
	switch {
	case len(f.codes) > 0 && !slices.Contains(f.codes, *x.Code), len(f.stages) > 0 && !slices.Contains(f.stages, *x.Stage):
		r.Excluded++
		return nil
	case *x.Code == tooLarge:
		r.TooLarge++
		return nil
	case x.Payload != nil:
		return r.again(x, []byte(*x.Payload), add)
	case x.PayloadBase64 != nil:
		payload, err := base64.StdEncoding.DecodeString(*x.PayloadBase64)
		if err != nil {
			return fmt.Errorf("the field payload_base64 is not base64: %w", err)
		}
		return r.again(x, payload, add)
	default:
		r.WithoutPayload++
		return nil
	}
}

// again gives a payload to add, unless that was done because the record failed
// elsewhere, too.
func (r *replayed) again(x letter, payload []byte, add func([]byte) error) error {
	r.stages[*x.Stage]++
	r.pipelines[x.Pipeline]++
	if !r.merger.another(x, payload) {
		r.Merged++
		return nil
	}
	r.Records++
	return add(payload)
}

// parseLetter reads a line of an error output.
func parseLetter(line []byte) (letter, error) {
	var x letter
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(line, &x); {
	case len(line) > 1 && line[0] == 0x1f && line[1] == 0x8b:
		return x, errors.New("it is compressed: use zcat FILE | onstream replay -")
	case errors.As(err, &wrong) && wrong.Field != "":
		want := "a string"
		if wrong.Field == "offset" {
			want = "an integer"
		}
		return x, fmt.Errorf("the field %s is %s, not %s: it is no error output", wrong.Field, wrong.Value, want)
	case err != nil:
		return x, fmt.Errorf("it is no record of an error output: %w: replay what a file sink with \"from = errors\" has written as json", err)
	}
	for _, field := range []struct {
		name  string
		value *string
	}{{"stage", x.Stage}, {"code", x.Code}, {"message", x.Message}} {
		if field.value == nil {
			return x, fmt.Errorf("the field %s is missing: it is no record of an error output: replay what a file sink with \"from = errors\" has written as json", field.name)
		}
	}
	return x, nil
}

// write tells people what becomes of the records.
func (r *replayed) write(out io.Writer) {
	switch {
	case r.DryRun:
		fmt.Fprintf(out, "%s would be replayed into %s\n", plural(r.Records, "record"), r.Source)
	case r.Records == 0:
		fmt.Fprintf(out, "nothing is to be replayed into %s\n", r.Source)
	default:
		fmt.Fprintf(out, "%s put aside for %s, to go in when the pipeline is started or reloaded (SIGHUP)\n", plural(r.Records, "record"), r.Source)
	}
	for _, x := range []struct {
		n         int
		what, why string
	}{
		{r.Merged, "dead letter", "merged: of a record that has another one and goes in once"},
		{r.merger.repeats, "dead letter", "of one stage like another: goes in as a record of its own; where a crash has repeated it, --once leaves it out"},
		{r.Excluded, "record", "excluded by --code and --stage"},
		{r.WithoutPayload, "record", "without payload: cannot be replayed"},
		{r.TooLarge, "record", "too large: only the beginning was kept, cannot be replayed"},
	} {
		if x.n > 0 {
			fmt.Fprintf(out, "%s %s\n", plural(x.n, x.what), x.why)
		}
	}
}
