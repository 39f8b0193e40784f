// Numbers as decimal text, to and from. What writes returns the place behind it, and takes as much room as is said.
#ifndef ONSTREAM_NUMBER_H
#define ONSTREAM_NUMBER_H

#include "decimal.h"

// OS_NUMBER is the room that a number takes.
#define OS_NUMBER 48

static inline bool os_is_digit(uint8_t c) { return (uint8_t)(c - '0') < 10; }

static inline double os_sqrt(double v) {
	double root;
	__asm__("local.get %1\n\tf64.sqrt\n\tlocal.set %0" : "=r"(root) : "r"(v));
	return root;
}

static inline uint8_t *os_put_text(uint8_t *to, os_text t) { return os_copy(to, t); }

static inline uint8_t *os_put_int(uint8_t *to, int64_t v) {
	if (v >= 0) return os_put_uint(to, (uint64_t)v);
	*to++ = '-';
	return os_put_uint(to, 0 - (uint64_t)v);
}

// os_put_scaled writes n / 10^decimals, all its decimals or those up to the last that is not zero.
static inline uint8_t *os_put_scaled(uint8_t *to, uint64_t n, uint32_t decimals, bool all) {
	uint64_t unit = 1;
	for (uint32_t k = 0; k < decimals; k++) unit *= 10;
	to = os_put_uint(to, n / unit);
	uint64_t rest = n % unit;
	if (!decimals || (!rest && !all)) return to;
	*to++ = '.';
	while (unit > 1 && (rest || all)) {
		unit /= 10;
		*to++ = (uint8_t)('0' + rest / unit);
		rest %= unit;
	}
	return to;
}

// os_put_fixed writes a number with so many decimals, up to 9, rounded half away from zero. It is below 10^9.
static inline uint8_t *os_put_fixed(uint8_t *to, double v, uint32_t decimals) {
	if (v < 0) {
		*to++ = '-';
		v = -v;
	}
	double unit = 1;
	for (uint32_t k = 0; k < decimals; k++) unit *= 10;
	return os_put_scaled(to, (uint64_t)(v * unit + 0.5), decimals, true);
}

// os_put_number writes the shortest decimal that reads as the same number, as JSON has it; beyond 2^53 all its digits. Numbers nearer to zero
// than 2^-60 become 0, and those beyond 2^63 null: sensors have none, and they would take a good deal of code.
static inline uint8_t *os_put_number(uint8_t *to, double v) {
	if (!(v > -0x1p63 && v < 0x1p63)) return os_copy(to, OS_TEXT("null"));
	if (v > -0x1p-60 && v < 0x1p-60) v = 0;
	if (v < 0) {
		*to++ = '-';
		v = -v;
	}
	// If an integer below 10^12, divided by 1000, is the number, then that decimal reads as it. As decimals of up to 15 digits read as different
	// numbers, there is no shorter one.
	if (v < 1e9) {
		uint64_t n = (uint64_t)(v * 1000 + 0.5);
		if ((double)n / 1000 == v) return os_put_scaled(to, n, 3, false);
	}
	return os_put_exact(to, v);
}

// os_get_int reads all of a text as an integer.
static inline bool os_get_int(os_text t, int64_t *v) {
	uint32_t k = t.len && t.at[0] == '-';
	if (k == t.len || t.len - k > 19) return false;
	uint64_t n = 0, limit = (uint64_t)INT64_MAX + k;
	const bool negative = k;
	for (; k < t.len; k++) {
		if (!os_is_digit(t.at[k])) return false;
		n = n * 10 + (uint64_t)(t.at[k] - '0');
	}
	if (n > limit) return false;
	*v = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

// os_digits reads digits, of which as many as fit count, and returns the place behind them.
static inline const uint8_t *os_digits(const uint8_t *at, const uint8_t *end, uint64_t *n, int32_t *left) {
	for (; at < end && os_is_digit(*at); at++) {
		if (*n < 100000000000000000u) *n = *n * 10 + (uint64_t)(*at - '0');
		else ++*left;
	}
	return at;
}

// os_get_number reads all of a text as a number as JSON has it. It is the nearest there is; of more than 17 digits the others do not count.
static inline bool os_get_number(os_text t, double *v) {
	const uint8_t *at = t.at, *end = t.at + t.len;
	const bool negative = at < end && *at == '-';
	at += negative;
	const uint8_t *whole = at;
	uint64_t n = 0;
	int32_t exponent = 0, written = 0;
	at = os_digits(at, end, &n, &exponent);
	if (at == whole || (*whole == '0' && at - whole > 1)) return false;
	if (at < end && *at == '.') {
		const uint8_t *fraction = ++at;
		int32_t left = 0;
		at = os_digits(at, end, &n, &left);
		if (at == fraction) return false;
		exponent -= (int32_t)(at - fraction) - left;
	}
	if (at < end && (*at | 0x20) == 'e') {
		at++;
		const bool down = at < end && *at == '-';
		if (at < end && (*at == '-' || *at == '+')) at++;
		const uint8_t *from = at;
		for (; at < end && os_is_digit(*at); at++) written = written < 100000 ? written * 10 + (*at - '0') : written;
		if (at == from) return false;
		exponent += down ? -written : written;
	}
	if (at != end) return false;
	double d = (double)n;
	if (n >= (1ull << 53) || exponent < -22 || exponent > 22) d = os_scale(n, exponent);
	else if (exponent < 0) d /= os_power(-exponent); // both are exact, so it is rounded once
	else d *= os_power(exponent);
	*v = negative ? -d : d;
	return d <= 1.7976931348623157e308;
}

#endif
