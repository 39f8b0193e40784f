// JSON, as much of it as is needed: the fields of an object one after the other, without copies.
#ifndef ONSTREAM_JSON_H
#define ONSTREAM_JSON_H

#include "number.h"

// os_json goes over the fields of an object:
//
//	os_json j = os_json_of(value);
//	while (os_json_next(&j)) use(j.name, j.value);
//
// Names are without quotes, as they are written: with escapes, if they have some. Values are the text of the value: a string has its
// quotes. What is inside of a value is not looked at, so text that is not JSON may give fields all the same.
typedef struct os_json {
	const uint8_t *at, *end;
	os_text name, value;
} os_json;

static inline bool os_is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// os_skip_space returns the first place that is no space. Most JSON that machines write has none, so it is asked before there is a loop.
static inline const uint8_t *os_skip_space(const uint8_t *at, const uint8_t *end) {
	if (at < end && *at > ' ') return at;
	while (at < end && os_is_space(*at)) at++;
	return at;
}

// os_string_end returns the place of the quote that ends a string, end where there is none.
static inline const uint8_t *os_string_end(const uint8_t *at, const uint8_t *end) {
#ifdef __wasm_simd128__
	const v128_t quote = wasm_i8x16_splat('"'), slash = wasm_i8x16_splat('\\');
	while (at < end) {
		v128_t block = wasm_v128_load(at);
		uint32_t found = wasm_i8x16_bitmask(wasm_v128_or(wasm_i8x16_eq(block, quote), wasm_i8x16_eq(block, slash)));
		if (!found) {
			at += 16;
			continue;
		}
		at += __builtin_ctz(found);
		if (at >= end) break;
		if (*at == '"') return at;
		at += 2;
	}
	return end;
#else
	for (; at < end; at++) {
		if (*at == '"') return at;
		if (*at == '\\') at++;
	}
	return end;
#endif
}

// os_plain_end returns the place behind a number, true, false or null.
static inline const uint8_t *os_plain_end(const uint8_t *at, const uint8_t *end) {
#ifdef __wasm_simd128__
	const v128_t space = wasm_u8x16_splat(' '), comma = wasm_i8x16_splat(','), brace = wasm_i8x16_splat('}');
	for (; at < end; at += 16) {
		v128_t block = wasm_v128_load(at);
		uint32_t found = wasm_i8x16_bitmask(wasm_v128_or(wasm_u8x16_le(block, space), wasm_v128_or(wasm_i8x16_eq(block, comma), wasm_i8x16_eq(block, brace))));
		if (found) {
			at += __builtin_ctz(found);
			break;
		}
	}
	return at < end ? at : end;
#else
	while (at < end && *at != ',' && *at != '}' && *at > ' ') at++;
	return at;
#endif
}

// os_value_end_of returns the place behind a value, NULL where it does not end.
static inline const uint8_t *os_value_end_of(const uint8_t *at, const uint8_t *end) {
	if (at == end) return NULL;
	if (*at == '"') {
		at = os_string_end(at + 1, end);
		return at < end ? at + 1 : NULL;
	}
	if (*at != '{' && *at != '[') return os_plain_end(at, end);
	for (uint32_t depth = 0; at < end; at++) {
		if (*at == '"') {
			at = os_string_end(at + 1, end);
			if (at >= end) return NULL;
		} else if (*at == '{' || *at == '[') {
			depth++;
		} else if ((*at == '}' || *at == ']') && !--depth) {
			return at + 1;
		}
	}
	return NULL;
}

// os_json_of begins with the first field of an object; of anything else there are none.
static inline os_json os_json_of(os_text object) {
	const uint8_t *end = object.at + object.len, *at = os_skip_space(object.at, end);
	at = at < end && *at == '{' ? os_skip_space(at + 1, end) : end;
	return (os_json){.at = at, .end = end};
}

// os_json_next goes to the next field, and tells whether there is one.
static inline bool os_json_next(os_json *j) {
	const uint8_t *at = j->at, *end = j->end;
	j->at = end; // unless a field is found
	if (at >= end || *at != '"') return false;
	const uint8_t *name = at + 1;
	at = os_string_end(name, end);
	j->name = os_between(name, at);
	if (at++ >= end) return false;
	at = os_skip_space(at, end);
	if (at >= end || *at != ':') return false;
	const uint8_t *value = os_skip_space(at + 1, end);
	at = os_value_end_of(value, end);
	if (!at || at == value) return false;
	j->value = os_between(value, at);
	at = os_skip_space(at, end);
	if (at < end && *at == ',') at = os_skip_space(at + 1, end);
	j->at = at;
	return true;
}

// os_json_find returns the value of a field; its place is NULL where there is none.
static inline os_text os_json_find(os_text object, os_text name) {
	os_json j = os_json_of(object);
	while (os_json_next(&j)) {
		if (os_equal(j.name, name)) return j.value;
	}
	return (os_text){NULL, 0};
}

// os_json_number reads a field that is a number.
static inline bool os_json_number(os_text object, os_text name, double *v) {
	os_text t = os_json_find(object, name);
	return t.at && os_get_number(t, v);
}

// OS_JSON_STRING is the room that a text of n bytes takes as a JSON string.
#define OS_JSON_STRING(n) ((n) * 6 + 2)

// os_put_json_string writes a text as a JSON string, and returns the place behind it.
static inline uint8_t *os_put_json_string(uint8_t *to, os_text t) {
	static const char hex[] = "0123456789abcdef";
	*to++ = '"';
	for (uint32_t k = 0; k < t.len; k++) {
		uint8_t c = t.at[k];
		if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = c;
		} else if (c < 0x20) {
			to = os_copy(to, OS_TEXT("\\u00"));
			*to++ = (uint8_t)hex[c >> 4];
			*to++ = (uint8_t)hex[c & 15];
		} else {
			*to++ = c;
		}
	}
	*to++ = '"';
	return to;
}

#endif
