package nats

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// table is what a group keeps in the bucket: who is there, who reads which
// partition, and how far the group is. It is changed by compare-and-set.
type table struct {
	Members map[string]memberEntry `json:"members"`
	Parts   map[string]lease       `json:"partitions"`
}

// memberEntry is a member of a group. It is alive as long as Beat changes.
type memberEntry struct {
	Beat   uint64 `json:"beat"`
	Server string `json:"server,omitempty"` // that it reached the table by
	// Same is equal for members of which only one can be alive, as
	// they would be one stage of one state folder; "" for others.
	Same string `json:"same,omitempty"`
	// Since is when it came, ms since 1970: of those that are the same, the last one is alive.
	Since int64 `json:"since,omitempty"`
}

// lease is a partition of a group.
type lease struct {
	Holder string `json:"holder,omitempty"`
	// At is the position that was committed last, and Owner who did.
	At    []byte `json:"at,omitempty"`
	Owner string `json:"owner,omitempty"`
	// Turn grows each time that it is given to somebody.
	Turn int64 `json:"turn,omitempty"`
	// Scanned is a record of the stream up to which there is nothing for the group
	// beyond At.
	Scanned uint64 `json:"scanned,omitempty"`
}

// maxTable bounds the text of a table.
const maxTable = 8 << 20

func decodeTable(text []byte) (table, error) {
	t := table{Members: map[string]memberEntry{}, Parts: map[string]lease{}}
	if len(text) > maxTable {
		return t, fmt.Errorf("the table of the group has %d bytes, and %d are the most that one is read with", len(text), maxTable)
	}
	if len(text) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("the table of the group is damaged: %w", err)
	}
	if t.Members == nil {
		t.Members = map[string]memberEntry{}
	}
	if t.Parts == nil {
		t.Parts = map[string]lease{}
	}
	return t, nil
}

func (t table) encode() ([]byte, error) { return json.Marshal(t) }

// bury takes out members that are dead, and frees what they held.
func (t table) bury(dead func(id string, m memberEntry) bool) {
	for id, m := range t.Members {
		if dead(id, m) {
			delete(t.Members, id)
		}
	}
	for name, l := range t.Parts {
		if _, there := t.Members[l.Holder]; l.Holder != "" && !there {
			l.Holder = ""
			t.Parts[name] = l
		}
	}
}

// held returns the partitions that a member holds, sorted.
func (t table) held(id string) []string {
	var names []string
	for name, l := range t.Parts {
		if l.Holder == id {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// quota returns how many of n partitions a member is to hold: the members in the order
// of their names get equal numbers, and the first ones what is left.
func (t table) quota(id string, n int) int {
	ids := slices.Sorted(maps.Keys(t.Members))
	at := slices.Index(ids, id)
	if at < 0 {
		return 0
	}
	q := n / len(ids)
	if at < n%len(ids) {
		q++
	}
	return q
}

// claim makes free partitions a member's, as far as its quota goes, and returns those.
// Wanted are all partitions that there are, sorted. The time now is what a partition's turn is
// at least, so that it grows even when the table was lost.
func (t table) claim(id string, wanted []string, now time.Time) []string {
	room := t.quota(id, len(wanted)) - len(t.held(id))
	var got []string
	for _, name := range wanted {
		if room <= 0 {
			break
		}
		if l := t.Parts[name]; l.Holder == "" {
			l.Holder, l.Turn = id, max(l.Turn+1, now.UnixMilli())
			t.Parts[name] = l
			got = append(got, name)
			room--
		}
	}
	return got
}

// surplus returns what a member holds beyond its quota: what it is to give back.
func (t table) surplus(id string, wanted []string) []string {
	held := t.held(id)
	return held[min(len(held), t.quota(id, len(wanted))):]
}

// consumerName returns a text as it can be part of the name of a consumer or of a key.
func consumerName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
}
