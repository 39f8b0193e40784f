package redis

// DecodeEntries reads an answer of XREADGROUP, and what is in its entries: for the fuzz test. It
// returns how many records there are.
func DecodeEntries(raw []byte) (n int, err error) {
	found, err := entries(raw, nil)
	if err != nil {
		return 0, err
	}
	for _, e := range found {
		if e.gone {
			continue
		}
		if _, _, err := e.record("value", nil); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// DecodeGroups reads an answer of XINFO GROUPS: for the fuzz test.
func DecodeGroups(raw []byte) error {
	_, err := groupOf(raw, "g")
	return err
}

// Position returns a position, encoded and decoded again.
func Position(ms, seq, count uint64) (uint64, uint64, uint64, error) {
	p, err := decodePosition(position{id{ms, seq}, count}.encode())
	return p.at.ms, p.at.seq, p.count, err
}

// OffsetOf and Around are what an id becomes.
func OffsetOf(ms, seq uint64) int64 { return id{ms, seq}.offset() }

// ParseID reads the text of an id, and returns it as it writes it.
func ParseID(text string) (string, error) {
	i, err := parseID([]byte(text))
	return i.String(), err
}

// BeforeAndAfter returns the ids beside one.
func BeforeAndAfter(ms, seq uint64) (before, after string) {
	i := id{ms, seq}
	return i.before().String(), i.after().String()
}
