// Texts: bytes and how many there are. They end with no zero.
#ifndef ONSTREAM_TEXT_H
#define ONSTREAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

typedef struct os_text {
	const uint8_t *at; // NULL where there is none, which is not the same as an empty one
	uint32_t len;
} os_text;

// OS_TEXT is the text of a literal.
#define OS_TEXT(literal) ((os_text){(const uint8_t *)(literal), sizeof(literal) - 1})

// OS_SLACK is how many bytes behind a text may be read, and behind its copy be written, by what works on 16 bytes at a time. The
// header's own buffers have them; behind arrays of your own leave room.
#define OS_SLACK 16

static inline os_text os_text_of(const void *at, uint32_t len) { return (os_text){(const uint8_t *)at, len}; }

// os_between is the text from one place to another.
static inline os_text os_between(const uint8_t *from, const uint8_t *to) { return os_text_of(from, (uint32_t)(to - from)); }

// os_copy copies a text, and returns the place behind it. Up to OS_SLACK bytes behind that are overwritten.
static inline uint8_t *os_copy(uint8_t *to, os_text t) {
#ifdef __wasm_simd128__
	for (uint32_t k = 0; k < t.len; k += 16) wasm_v128_store(to + k, wasm_v128_load(t.at + k));
#else
	for (uint32_t k = 0; k < t.len; k++) to[k] = t.at[k];
#endif
	return to + t.len;
}

static inline bool os_equal(os_text a, os_text b) {
	if (a.len != b.len) return false;
	uint32_t k = 0;
#ifdef __wasm_simd128__
	for (; k < a.len; k += 16) {
		uint32_t same = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(a.at + k), wasm_v128_load(b.at + k)));
		uint32_t left = a.len - k;
		uint32_t mask = left < 16 ? (1u << left) - 1 : 0xffff;
		if ((same & mask) != mask) return false;
	}
#else
	for (; k < a.len; k++) {
		if (a.at[k] != b.at[k]) return false;
	}
#endif
	return true;
}

// os_find returns the first place of a byte, end where there is none.
static inline const uint8_t *os_find(const uint8_t *at, const uint8_t *end, uint8_t byte) {
#ifdef __wasm_simd128__
	const v128_t wanted = wasm_i8x16_splat((int8_t)byte);
	for (; at < end; at += 16) {
		uint32_t found = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(at), wanted));
		if (found) {
			at += __builtin_ctz(found);
			return at < end ? at : end;
		}
	}
	return end;
#else
	while (at < end && *at != byte) at++;
	return at;
#endif
}

// os_cut returns what is before the first such byte and leaves what is behind it, or all of it and nothing.
static inline os_text os_cut(os_text *rest, uint8_t byte) {
	const uint8_t *end = rest->at + rest->len, *at = os_find(rest->at, end, byte);
	os_text first = os_between(rest->at, at);
	*rest = at < end ? os_between(at + 1, end) : os_between(end, end);
	return first;
}

#endif
