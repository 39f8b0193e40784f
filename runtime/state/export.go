package state

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/onstream/onstream/plugins"
)

// exportFormat is the version of the lines.
const exportFormat = 1

// An export is lines of JSON: a header, then for each stage a line that names
// it and one for each of its rows, then a trailer. Bytes are in base64.
type (
	headerLine struct {
		Format     int       `json:"onstream_state"`
		Pipeline   string    `json:"pipeline"`
		Checkpoint int64     `json:"checkpoint"`
		Epoch      int64     `json:"epoch"`
		At         time.Time `json:"at"`
	}
	// bodyLine has one field.
	bodyLine struct {
		Stage    *stageLine    `json:"stage,omitempty"`
		Position *positionLine `json:"position,omitempty"`
		State    *stateLine    `json:"state,omitempty"`
		Outbox   *outboxLine   `json:"outbox,omitempty"`
		End      *endLine      `json:"end,omitempty"`
	}
	stageLine struct {
		Address string `json:"address"`
		Shape   string `json:"shape"`
	}
	positionLine struct {
		Partition string `json:"partition"`
		ID        int32  `json:"id"`
		Epoch     int64  `json:"epoch"`
		At        []byte `json:"at"`
	}
	stateLine struct {
		Space byte          `json:"space"`
		Group plugins.Group `json:"group"`
		Key   []byte        `json:"key"`
		Value []byte        `json:"value"`
	}
	outboxLine struct {
		Seq    int64  `json:"seq"`
		Parcel []byte `json:"parcel"`
	}
	// endLine is the trailer.
	endLine struct {
		Lines  int64  `json:"lines"`  // before it
		SHA256 string `json:"sha256"` // of their bytes, line ends included
	}
)

// exporter writes lines, and knows what the trailer says of them.
type exporter struct {
	out      *bufio.Writer
	sum      hash.Hash
	lines    int64
	progress func(lines int64)
}

func (e *exporter) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	e.sum.Write(text)
	e.lines++
	e.progress(e.lines)
	_, err = e.out.Write(text)
	return err
}

// Export writes all that is stored, in a form that [Import] reads, and calls
// progress after each line.
func (s *Store) Export(w io.Writer, pipeline string, progress func(lines int64)) error {
	e := &exporter{bufio.NewWriterSize(w, 1<<16), sha256.New(), 0, progress}
	last := s.Last()
	if err := e.line(headerLine{exportFormat, pipeline, last.Number, s.epoch, last.At}); err != nil {
		return fmt.Errorf("export state: %w", err)
	}
	stages := s.Stages()
	for _, addr := range slices.Sorted(maps.Keys(stages)) {
		if err := e.stage(s, addr, stages[addr]); err != nil {
			return fmt.Errorf("export state of %s: %w", addr, err)
		}
	}
	end := endLine{e.lines, hex.EncodeToString(e.sum.Sum(nil))}
	if err := e.line(bodyLine{End: &end}); err != nil {
		return fmt.Errorf("export state: %w", err)
	}
	if err := e.out.Flush(); err != nil {
		return fmt.Errorf("export state: %w", err)
	}
	return nil
}

func (e *exporter) stage(s *Store, addr, shape string) error {
	if err := e.line(bodyLine{Stage: &stageLine{addr, shape}}); err != nil {
		return err
	}
	positions, err := s.Positions(addr)
	if err != nil {
		return err
	}
	for p, at := range positions {
		if err := e.line(bodyLine{Position: &positionLine{p.Name, p.ID, p.Epoch, at}}); err != nil {
			return err
		}
	}
	err = s.Rows(addr, func(r Row) error {
		return e.line(bodyLine{State: &stateLine{r.Space, r.Group, r.Key, r.Value}})
	})
	if err != nil {
		return err
	}
	return s.Outbox(addr, func(seq int64, parcel []byte) error {
		return e.line(bodyLine{Outbox: &outboxLine{seq, parcel}})
	})
}
