// Memory: it is taken from behind what the linker has placed and is never given back, but buffers are used again.
#ifndef ONSTREAM_MEMORY_H
#define ONSTREAM_MEMORY_H

#include "host.h"

// os_buffer is memory that grows. What was in it stays; where it is does not.
typedef struct os_buffer {
	uint8_t *at;
	uint32_t cap; // OS_SLACK bytes behind it are its own as well
} os_buffer;

// os_out is records to return or to emit, see records.h.
typedef struct os_out {
	os_buffer buf;
	uint32_t room;  // for descriptors
	uint32_t count; // of them
	uint32_t end;   // of what is used of the buffer
} os_out;

// os_module is what the header keeps between calls. It is in the file that defines ONSTREAM_MODULE.
struct os_module {
	uint8_t *heap;    // where free memory begins
	os_buffer input;  // frames of the host
	os_buffer answer; // of functions of the host
	os_buffer result; // selections and columns to return
	os_buffer request; // of HTTP
	os_out out;       // records to return
};
extern struct os_module os_module;

uint8_t *os_take(uint32_t n);      // n bytes, aligned to 16 and with OS_SLACK bytes behind them; NULL where there is no more memory
_Noreturn void os_exhausted(void); // ends the call: the instance is made again, and given less

// os_alloc returns memory for as long as the instance lives.
static inline uint8_t *os_alloc(uint32_t n) {
	uint8_t *at = os_take(n);
	if (!at) os_exhausted();
	return at;
}

// os_keep copies a text for as long as the instance lives.
static inline os_text os_keep(os_text t) {
	uint8_t *at = os_alloc(t.len);
	os_copy(at, t);
	return os_text_of(at, t.len);
}

// os_try_reserve makes room for n bytes in a buffer, of which the first used ones stay.
static inline bool os_try_reserve(os_buffer *b, uint32_t used, uint32_t n) {
	if (n <= b->cap && b->at) return true;
	uint64_t cap = (uint64_t)b->cap * 2 > n ? (uint64_t)b->cap * 2 : n;
	if (cap < 4096) cap = 4096;
	if (cap > INT32_MAX) return false;
	if (b->at && b->at + b->cap + OS_SLACK == os_module.heap) { // the last one grows where it is
		if (!os_take((uint32_t)cap - b->cap)) return false;
		b->cap = (uint32_t)cap;
		return true;
	}
	uint8_t *at = os_take((uint32_t)cap);
	if (!at) return false;
	os_copy(at, os_text_of(b->at, used));
	*b = (os_buffer){at, (uint32_t)cap};
	return true;
}

static inline void os_reserve(os_buffer *b, uint32_t used, uint32_t n) {
	if (!os_try_reserve(b, used, n)) os_exhausted();
}

#endif
