package limit

import "strconv"

// appendFloat appends f as strconv.AppendFloat(dst, f, 'f', -1, 64) does.
//
// Decimals with three places at most need no search for the shortest text: if
// an integer below 10^12, divided by 1000, gives f, then that decimal reads
// back as f, and since decimals of up to 15 digits read as different floats
// no shorter one does.
func appendFloat(dst []byte, f float64) []byte {
	if f >= 0.001 && f < 1e9 {
		n := uint64(f*1000 + 0.5)
		if float64(n)/1000 == f {
			return appendThousandths(dst, n)
		}
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendThousandths appends n/1000 without trailing zeros.
func appendThousandths(dst []byte, n uint64) []byte {
	whole, rest := n/1000, n%1000
	dst = strconv.AppendUint(dst, whole, 10)
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.', '0'+byte(rest/100))
	if rest %= 100; rest == 0 {
		return dst
	}
	dst = append(dst, '0'+byte(rest/10))
	if rest %= 10; rest == 0 {
		return dst
	}
	return append(dst, '0'+byte(rest))
}
