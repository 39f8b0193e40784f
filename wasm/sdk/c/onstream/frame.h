// Frames: batches of something, in the form that the interface describes (ABI.md).
#ifndef ONSTREAM_FRAME_H
#define ONSTREAM_FRAME_H

#include "memory.h"

#define OS_MAGIC 0x31534e4fu
#define OS_HEADER 32

enum { OS_RECORDS_FRAME = 1, OS_SELECTION_FRAME, OS_COLUMNS_FRAME, OS_TIMERS_FRAME, OS_SETTINGS_FRAME };

// os_header is how a frame begins.
typedef struct os_header {
	uint32_t magic, kind, length, rows, items, count;
	int64_t watermark;
} os_header;

// os_frame is a frame that the host has given: records, columns, timers or settings.
typedef struct os_frame {
	const uint8_t *at;
	const uint8_t *items;
	uint32_t kind;
	uint32_t rows;
	uint32_t count;    // of columns, where it is columns
	uint32_t len;      // in bytes
	int64_t watermark; // event time, OS_NO_TIME before it is known
} os_frame;

static inline os_frame os_frame_of(const uint8_t *at) {
	const os_header *h = (const os_header *)(const void *)at;
	return (os_frame){at, at + h->items, h->kind, h->rows, h->count, h->length, h->watermark};
}

static inline os_text os_part(const os_frame *f, uint32_t offset, uint32_t len) { return os_text_of(f->at + offset, len); }

// os_bytes is what is returned by ONSTREAM_SNAPSHOT.
static inline int64_t os_bytes(os_text t) { return t.len ? (int64_t)((uint64_t)(uintptr_t)t.at << 32 | t.len) : 0; }

// os_bit tells whether a row is in a bitmap.
static inline bool os_bit(const uint8_t *bitmap, uint32_t row) { return bitmap[row >> 3] >> (row & 7) & 1; }

static inline void os_set_bit(uint8_t *bitmap, uint32_t row) { bitmap[row >> 3] |= (uint8_t)(1u << (row & 7)); }

// os_timer is a timer whose time has come. Its row stands for its key, as those of records do.
typedef struct os_timer {
	int64_t time;
	int64_t id;
	uint32_t key, key_len;
	uint8_t clock, zero[7];
} os_timer;

static inline const os_timer *os_timer_at(const os_frame *f, uint32_t row) { return (const os_timer *)(const void *)f->items + row; }

// OS_STRING_KEY is the first byte of the stored form of a key that is a string.
#define OS_STRING_KEY 5

// os_timer_key is the key of a timer: the bytes of a string; a key of another kind as it is stored.
static inline os_text os_timer_key(const os_frame *f, uint32_t row) {
	os_text key = os_part(f, os_timer_at(f, row)->key, os_timer_at(f, row)->key_len);
	if (key.len && key.at[0] == OS_STRING_KEY) key = os_text_of(key.at + 1, key.len - 1);
	return key;
}

#endif
