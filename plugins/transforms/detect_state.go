package transforms

import (
	"encoding/binary"

	"github.com/onstream/onstream/plugins/keyed"
)

// detection is what a detect keeps of a key. Times are in nanoseconds since
// 1970.
type detection struct {
	keyed.Time
	mark    int64    // its watermark: up to there records were looked at
	arrived int64    // the time of the pipeline's clock at its last record
	quiet   int64    // before that time nothing counts: the cooldown
	open    []moment // what the pattern has kept
	ahead   []moment // what is still to be looked at, in order
}

func encodeDetection(dst []byte, d *detection) []byte {
	for _, at := range []int64{d.Own, d.mark, d.Lane, d.arrived, d.quiet} {
		dst = binary.AppendVarint(dst, at)
	}
	dst = appendMoments(dst, d.open)
	return appendMoments(dst, d.ahead)
}

func appendMoments(dst []byte, ms []moment) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ms)))
	for _, m := range ms {
		dst = appendFlag(appendFlag(dst, m.opens), m.closes)
		dst = binary.AppendVarint(dst, m.at)
		dst = binary.AppendUvarint(dst, uint64(len(m.row)))
		dst = append(dst, m.row...)
	}
	return dst
}

func decodeDetection(src []byte, d *detection) error {
	r := &stateReader{rest: src}
	for _, at := range []*int64{&d.Own, &d.mark, &d.Lane, &d.arrived, &d.quiet} {
		*at = r.varint()
	}
	d.open = readMoments(r)
	d.ahead = readMoments(r)
	return r.end()
}

// readMoments reads what appendMoments wrote.
func readMoments(r *stateReader) []moment {
	var ms []moment
	for range r.size() {
		ms = append(ms, moment{opens: r.flag(), closes: r.flag(), at: r.varint(), row: r.bytes()})
	}
	return ms
}
