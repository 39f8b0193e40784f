// Decimals of numbers that have many digits: what number.h does not do at once.
#ifndef ONSTREAM_DECIMAL_H
#define ONSTREAM_DECIMAL_H

#include "text.h"

static inline uint8_t *os_put_uint(uint8_t *to, uint64_t v) {
	uint8_t digits[24], *at = digits + sizeof digits;
	uint32_t n = 0;
	do {
		*--at = (uint8_t)('0' + v % 10);
		v /= 10;
		n++;
	} while (v);
	for (uint32_t k = 0; k < n; k++) to[k] = at[k];
	return to + n;
}

// os_wide is a fraction of 128 bits, of which the upper 4 are in front of the point.
typedef struct os_wide {
	uint64_t hi, lo;
} os_wide;

static inline os_wide os_wide_add(os_wide a, os_wide b) {
	uint64_t lo = a.lo + b.lo;
	return (os_wide){a.hi + b.hi + (lo < b.lo), lo};
}

static inline os_wide os_wide_shift(uint64_t v, int32_t n) { return n >= 64 ? (os_wide){v << (n - 64), 0} : n ? (os_wide){v >> (64 - n), v << n} : (os_wide){0, v}; }

static inline os_wide os_wide_ten(os_wide w) {
	return os_wide_add((os_wide){w.hi << 3 | w.lo >> 61, w.lo << 3}, (os_wide){w.hi << 1 | w.lo >> 63, w.lo << 1});
}

// os_wide_cmp is negative, 0 or positive as a is less than b, the same, or more.
static inline int os_wide_cmp(os_wide a, os_wide b) { return a.hi != b.hi ? (a.hi > b.hi) * 2 - 1 : (a.lo > b.lo) - (a.lo < b.lo); }

// os_put_exact writes the shortest decimal of a number that is not negative and below 2^63. It is Steele and White's (1990): digits are
// made until what is left of the number is nearer to it than half the distance to its neighbours. All of it is exact.
static inline uint8_t *os_put_exact(uint8_t *to, double v) {
	union {
		double v;
		uint64_t bits;
	} u = {v};
	const os_wide unit = {1ull << 60, 0};
	const uint64_t fraction = u.bits & ((1ull << 52) - 1);
	uint64_t mantissa = fraction | 1ull << 52;
	const int32_t shift = 1075 - (int32_t)(u.bits >> 52); // v is mantissa / 2^shift
	if (shift <= 0) return os_put_uint(to, mantissa << -shift);
	const bool even = !(mantissa & 1);
	uint64_t whole = shift < 53 ? mantissa >> shift : 0;
	to = os_put_uint(to, whole);
	if (shift < 53) mantissa &= (1ull << shift) - 1;
	os_wide rest = os_wide_shift(mantissa, 124 - shift), up = os_wide_shift(1, 123 - shift);
	os_wide down = fraction ? up : os_wide_shift(1, 122 - shift); // below a power of two the neighbour is nearer
	if (!mantissa) return to;
	*to++ = '.';
	for (;;) {
		rest = os_wide_ten(rest), up = os_wide_ten(up), down = os_wide_ten(down);
		uint8_t digit = (uint8_t)(rest.hi >> 60);
		rest.hi &= unit.hi - 1;
		const bool low = os_wide_cmp(rest, down) < even, high = os_wide_cmp(os_wide_add(rest, up), unit) > -even;
		if (low && high) digit += os_wide_cmp(os_wide_add(rest, rest), unit) > -(digit & 1); // halves go to the even digit
		else digit += high;
		*to++ = (uint8_t)('0' + digit);
		if (low || high) return to;
	}
}

// os_power is 10^n, n up to 22: those are exact.
static inline double os_power(int32_t n) {
	static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	return powers[n];
}

// os_big is an integer of many bits.
typedef struct os_big {
	uint32_t n;
	uint32_t words[44];
} os_big;

static inline void os_big_times(os_big *b, uint32_t by) {
	uint64_t carry = 0;
	for (uint32_t k = 0; k < b->n; k++) {
		carry += (uint64_t)b->words[k] * by;
		b->words[k] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry) b->words[b->n++] = (uint32_t)carry;
}

// os_big_of is v * 10^tens * 2^twos; powers that are negative count as 0.
static inline os_big os_big_of(uint64_t v, int32_t tens, int32_t twos) {
	os_big b; // words beyond n are not looked at
	b.words[0] = (uint32_t)v, b.words[1] = (uint32_t)(v >> 32);
	b.n = b.words[1] ? 2 : 1;
	for (; tens >= 9; tens -= 9) os_big_times(&b, 1000000000);
	for (; tens > 0; tens--) os_big_times(&b, 10);
	for (; twos >= 31; twos -= 31) os_big_times(&b, 1u << 31);
	if (twos > 0) os_big_times(&b, 1u << twos);
	return b;
}

// os_decimal_cmp compares v * 10^tens with m * 2^twos.
static inline int os_decimal_cmp(uint64_t v, int32_t tens, uint64_t m, int32_t twos) {
	os_big a = os_big_of(v, tens, -twos), b = os_big_of(m, -tens, twos);
	if (a.n != b.n) return a.n > b.n ? 1 : -1;
	for (uint32_t k = a.n; k-- > 0;) {
		if (a.words[k] != b.words[k]) return a.words[k] > b.words[k] ? 1 : -1;
	}
	return 0;
}

// os_scale is the number nearest to v * 10^exponent, beyond all where it is too large. An estimate is moved until it is nearer than
// half the way to its neighbours (Clinger's algorithm R, 1990).
static inline double os_scale(uint64_t v, int32_t exponent) {
	if (!v || exponent < -345) return 0;
	if (exponent > 310) return __builtin_inf();
	union {
		double v;
		uint64_t bits;
	} u = {(double)v};
	for (int32_t e = exponent; e > 0; e -= 22) u.v *= e >= 22 ? 1e22 : os_power(e);
	for (int32_t e = exponent; e < 0; e += 22) u.v /= e <= -22 ? 1e22 : os_power(-e);
	const uint64_t most = 0x7fefffffffffffff;
	if (u.bits > most) u.bits = most;
	for (;;) {
		const uint64_t fraction = u.bits & ((1ull << 52) - 1);
		const int32_t biased = (int32_t)(u.bits >> 52);
		const uint64_t m = biased ? fraction | 1ull << 52 : fraction;
		const int32_t s = (biased ? biased : 1) - 1075; // it is m * 2^s
		const bool odd = m & 1;
		if (os_decimal_cmp(v, exponent, 2 * m + 1, s - 1) > -odd) {
			if (u.bits++ == most) return u.v;
			continue;
		}
		const bool near = !fraction && biased > 1; // below a power of two the neighbour is nearer
		if (!m || os_decimal_cmp(v, exponent, (near ? 4 : 2) * m - 1, near ? s - 2 : s - 1) >= odd) return u.v;
		u.bits--;
	}
}

#endif
