// State and timers of the keys of rows. A row stands for its key; in a stage without a key there is one state for all rows.
#ifndef ONSTREAM_STATE_H
#define ONSTREAM_STATE_H

#include "memory.h"

// os_space is a namespace of the state: the index of one in the manifest's state.spaces.
typedef struct os_space {
	uint32_t index;
} os_space;

#define OS_SPACE(index) ((os_space){index})

// os_get returns a value that a key has in a space, by its name; its place is NULL where there is none.
static inline os_text os_get(os_space space, uint32_t row, os_text name) {
	os_buffer *b = &os_module.answer;
	os_reserve(b, 0, 1);
	for (;;) {
		int32_t n = os_host_state_get(space.index, row, name.at, name.len, b->at, b->cap);
		if (n < 0) return (os_text){NULL, 0};
		if ((uint32_t)n <= b->cap) return os_text_of(b->at, (uint32_t)n);
		os_reserve(b, 0, (uint32_t)n);
	}
}

// os_put keeps a value for ttl µs by the clock of the stage, 0 for ever.
static inline void os_put(os_space space, uint32_t row, os_text name, os_text value, int64_t ttl) {
	os_host_state_put(space.index, row, name.at, name.len, value.at, value.len, ttl);
}

// os_del deletes a value, and tells whether there was one.
static inline bool os_del(os_space space, uint32_t row, os_text name) { return os_host_state_del(space.index, row, name.at, name.len) == 0; }

// os_many is the values of one name for several rows.
typedef struct os_many {
	const uint8_t *at;
} os_many;

// os_get_many returns the values of a name for n rows with one call of the host: for those at rows, or for the first n where it is NULL.
static inline os_many os_get_many(os_space space, os_text name, const uint32_t *rows, uint32_t n) {
	os_buffer *b = &os_module.answer;
	os_reserve(b, 0, n > INT32_MAX / 64 ? INT32_MAX : n * 64);
	for (;;) {
		int32_t size = os_host_state_get_many(space.index, name.at, name.len, rows, n, b->at, b->cap);
		if (size >= 0 && (uint32_t)size <= b->cap) return (os_many){b->at};
		os_reserve(b, 0, (uint32_t)size);
	}
}

// os_many_at returns the k-th of them; its place is NULL where there is none.
static inline os_text os_many_at(os_many m, uint32_t k) {
	const uint32_t *d = (const uint32_t *)(const void *)m.at + (size_t)2 * k;
	return d[1] == UINT32_MAX ? (os_text){NULL, 0} : os_text_of(m.at + d[0], d[1]);
}

// os_timer_set sets a timer of the row's key for a time in µs since 1970, or moves the one of that clock and id there. The module needs
// ONSTREAM_TIMERS.
static inline void os_timer_set(uint32_t row, uint32_t clock, int64_t id, int64_t us) { os_host_timer_set(row, clock, id, us); }

// os_timer_clear takes a timer back, and tells whether there was one.
static inline bool os_timer_clear(uint32_t row, uint32_t clock, int64_t id) { return os_host_timer_clear(row, clock, id) == 0; }

#endif
