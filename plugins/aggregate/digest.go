package aggregate

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

const (
	// compression bounds how many centroids there are, and with them the error
	// in rank: about 1 / compression in the middle, less towards the ends.
	compression = 200
	maxFresh    = 256
)

// digest is a merging t-digest with the scale function k1 (T. Dunning, O. Ertl,
// "Computing extremely accurate quantiles using t-digests", 2019). It has at
// most compression centroids, small ones near the ends, and up to maxFresh that
// were added since they were last merged; about 7 KiB.
type digest struct {
	merged   []centroid // in order
	fresh    []centroid // as they came
	min, max float64    // of merged
}

// centroid is some values near each other: their mean and how many they are.
type centroid struct{ mean, weight float64 }

func (d *digest) empty() bool { return len(d.merged)+len(d.fresh) == 0 }

func (d *digest) add(c centroid) {
	if len(d.fresh) == maxFresh {
		d.compress()
	}
	d.fresh = append(d.fresh, c)
}

// merge adds another one, which stays as it is.
func (d *digest) merge(from *digest) {
	if len(from.merged) > 0 {
		d.compress()
		if len(d.merged) == 0 {
			d.min, d.max = from.min, from.max
		}
		d.min, d.max = min(d.min, from.min), max(d.max, from.max)
		d.combine(from.merged)
	}
	for _, c := range from.fresh {
		d.add(c)
	}
}

// compress merges the fresh centroids, all of which are single values.
func (d *digest) compress() {
	if len(d.fresh) == 0 {
		return
	}
	slices.SortStableFunc(d.fresh, func(a, b centroid) int { return cmp.Compare(a.mean, b.mean) })
	least, most := d.fresh[0].mean, d.fresh[len(d.fresh)-1].mean
	if len(d.merged) == 0 {
		d.min, d.max = least, most
	}
	d.min, d.max = min(d.min, least), max(d.max, most)
	d.combine(d.fresh)
	d.fresh = d.fresh[:0]
}

// combine merges more centroids, which are in order.
func (d *digest) combine(more []centroid) {
	all := make([]centroid, 0, len(d.merged)+len(more))
	total := 0.0
	for a, b := d.merged, more; len(a)+len(b) > 0; {
		var next centroid
		if len(b) == 0 || len(a) > 0 && a[0].mean <= b[0].mean {
			next, a = a[0], a[1:]
		} else {
			next, b = b[0], b[1:]
		}
		total += next.weight
		all = append(all, next)
	}
	merged := all[:1]
	before, limit := 0.0, bound(0)
	for _, c := range all[1:] {
		last := &merged[len(merged)-1]
		if (before+last.weight+c.weight)/total <= limit {
			last.weight += c.weight
			last.mean += (c.mean - last.mean) * c.weight / last.weight
			continue
		}
		before += last.weight
		limit = bound(before / total)
		merged = append(merged, c)
	}
	d.merged = slices.Clone(merged)
}

// bound returns the quantile up to which a centroid that begins at q may
// reach: where k1 is one more than at q.
func bound(q float64) float64 {
	k := math.Asin(2*q-1) + 2*math.Pi/compression
	if k >= math.Pi/2 {
		return 1
	}
	return (math.Sin(k) + 1) / 2
}

// quantile returns the value at a part q of all, counting from the least at 0
// to the greatest at 1, and between values in proportion.
func (d *digest) quantile(q float64) float64 {
	if len(d.fresh) > 0 {
		d = &digest{merged: d.merged, fresh: slices.Clone(d.fresh), min: d.min, max: d.max}
		if len(d.merged) == 0 {
			return quantileOf(d.fresh, q)
		}
		d.compress()
	}
	var total float64
	for _, c := range d.merged {
		total += c.weight
	}
	// Ranks are from 0 to total-1; a centroid has the middle one of its own.
	rank := q * (total - 1)
	switch {
	case rank <= 0:
		return d.min
	case rank >= total-1:
		return d.max
	}
	left, at := d.min, 0.0
	before := 0.0
	for _, c := range d.merged {
		middle := before + (c.weight-1)/2
		if rank <= middle {
			return between(left, at, c.mean, middle, rank)
		}
		left, at = c.mean, middle
		before += c.weight
	}
	return between(left, at, d.max, total-1, rank)
}

// quantileOf is quantile for single values, exactly.
func quantileOf(values []centroid, q float64) float64 {
	slices.SortFunc(values, func(a, b centroid) int { return cmp.Compare(a.mean, b.mean) })
	rank := q * float64(len(values)-1)
	k := int(rank)
	if k == len(values)-1 {
		return values[k].mean
	}
	return between(values[k].mean, float64(k), values[k+1].mean, float64(k+1), rank)
}

// between returns the value at a rank between two ranks whose values are known.
func between(left, at, right, end, rank float64) float64 {
	part := (rank - at) / (end - at)
	return left*(1-part) + right*part
}

func (d *digest) append(dst []byte) []byte {
	dst = appendCentroids(dst, d.merged)
	dst = appendCentroids(dst, d.fresh)
	dst = appendFloat(dst, d.min)
	return appendFloat(dst, d.max)
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func appendCentroids(dst []byte, cs []centroid) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(cs)))
	for _, c := range cs {
		dst = appendFloat(dst, c.mean)
		dst = binary.AppendUvarint(dst, uint64(c.weight))
	}
	return dst
}

func (d *digest) read(src []byte) (err error) {
	if d.merged, src, err = readCentroids(src, compression); err != nil {
		return err
	}
	if d.fresh, src, err = readCentroids(src, maxFresh); err != nil {
		return err
	}
	if len(src) != 16 {
		return errDamaged
	}
	d.min = math.Float64frombits(binary.LittleEndian.Uint64(src))
	d.max = math.Float64frombits(binary.LittleEndian.Uint64(src[8:]))
	return nil
}

func readCentroids(src []byte, limit uint64) (cs []centroid, rest []byte, err error) {
	count, n := binary.Uvarint(src)
	if n <= 0 || count > limit {
		return nil, nil, errDamaged
	}
	src = src[n:]
	for range count {
		if len(src) < 8 {
			return nil, nil, errDamaged
		}
		mean := math.Float64frombits(binary.LittleEndian.Uint64(src))
		weight, n := binary.Uvarint(src[8:])
		if n <= 0 || weight == 0 {
			return nil, nil, errDamaged
		}
		cs, src = append(cs, centroid{mean, float64(weight)}), src[8+n:]
	}
	return cs, src, nil
}
