package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// ledger is the file in which the sender notes what it is about to send, and
// what of that was accepted. Claims are on the disk before anything is sent,
// so the ledger knows more than the engine at every moment.
type ledger struct {
	f   *os.File
	buf []byte
}

// entry is a line of the ledger: a claim, or that a batch of them was accepted.
type entry struct {
	Claim    *claim `json:"claim,omitempty"`
	Accepted int    `json:"accepted,omitempty"` // number of the batch
	Tries    int    `json:"tries,omitempty"`    // how often it was sent until then
}

func createLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create ledger: %w", err)
	}
	return &ledger{f: f}, nil
}

// claim notes what is about to be sent. When it returns, the disk has it.
func (l *ledger) claim(claims []claim) error {
	l.buf = l.buf[:0]
	for i := range claims {
		if err := l.add(entry{Claim: &claims[i]}); err != nil {
			return err
		}
	}
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("sync ledger: %w", err)
	}
	return nil
}

// accept notes that the engine has answered for a batch. Were this lost, the
// engine would only be asked for less.
func (l *ledger) accept(batch, tries int) error {
	l.buf = l.buf[:0]
	if err := l.add(entry{Accepted: batch, Tries: tries}); err != nil {
		return err
	}
	return l.flush()
}

func (l *ledger) add(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode ledger: %w", err)
	}
	l.buf = append(append(l.buf, line...), '\n')
	return nil
}

func (l *ledger) flush() error {
	if _, err := l.f.Write(l.buf); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}

func (l *ledger) close() error { return l.f.Close() }

// account is what a ledger says at its end.
type account struct {
	sent     int // lines, each try of them
	accepted int // lines that the engine has answered for
	resent   int // lines that were sent again after an answer that never came
	copies   int
	owed     []claim         // the accepted ones, in the order of sending
	claimed  map[string]bool // all ids that ever were to be sent
}

// readLedger reads the file back: the verifier believes the disk, not the
// sender's memory.
func readLedger(path string) (*account, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	defer f.Close()
	a := &account{claimed: map[string]bool{}}
	pending := map[int][]claim{}
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			for _, claims := range pending {
				a.sent += len(claims)
			}
			return a, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("read ledger: %q: %w", line, err)
		}
		if e.Claim != nil {
			pending[e.Claim.Batch] = append(pending[e.Claim.Batch], *e.Claim)
			a.claimed[e.Claim.ID] = true
			continue
		}
		for _, c := range pending[e.Accepted] {
			a.accepted++
			a.sent += e.Tries
			a.resent += e.Tries - 1
			if c.Copy {
				a.copies++
			}
			a.owed = append(a.owed, c)
		}
		delete(pending, e.Accepted)
	}
}
