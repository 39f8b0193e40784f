// Records: those of the batch by their row, and those that are returned.
#ifndef ONSTREAM_RECORDS_H
#define ONSTREAM_RECORDS_H

#include "frame.h"

// os_record is a record as the host gives it.
typedef struct os_record {
	int64_t time;
	uint64_t seq;
	uint32_t key, key_len, value, value_len, headers;
	uint16_t header_count, flags;
} os_record;

typedef struct os_pair {
	os_text name, value;
} os_pair;

static inline const os_record *os_record_at(const os_frame *f, uint32_t row) { return (const os_record *)(const void *)f->items + row; }

static inline os_text os_value(const os_frame *f, uint32_t row) { return os_part(f, os_record_at(f, row)->value, os_record_at(f, row)->value_len); }

// os_key is the key of a record; its place is NULL where it has none.
static inline os_text os_key(const os_frame *f, uint32_t row) {
	const os_record *r = os_record_at(f, row);
	return r->flags & 1 ? os_part(f, r->key, r->key_len) : (os_text){NULL, 0};
}

// os_time is the event time of a record in µs, OS_NO_TIME where it is not known.
static inline int64_t os_time(const os_frame *f, uint32_t row) { return os_record_at(f, row)->flags & 2 ? os_record_at(f, row)->time : OS_NO_TIME; }

// os_seq is the number that the source gave a record: an offset.
static inline uint64_t os_seq(const os_frame *f, uint32_t row) { return os_record_at(f, row)->seq; }

static inline uint32_t os_header_count(const os_frame *f, uint32_t row) { return os_record_at(f, row)->header_count; }

static inline os_pair os_header_at(const os_frame *f, uint32_t row, uint32_t k) {
	const uint32_t *h = (const uint32_t *)(const void *)(f->at + os_record_at(f, row)->headers) + (size_t)4 * k;
	return (os_pair){os_part(f, h[0], h[1]), os_part(f, h[2], h[3])};
}

// os_made is a record that is returned.
typedef struct os_made {
	int64_t time;
	uint32_t row;
	uint16_t port;
	uint8_t flags, status;
	uint32_t key, key_len, value, value_len, headers;
	uint16_t header_count, zero;
} os_made;

enum { OS_SAME_KEY = 1, OS_SAME_VALUE = 2, OS_SAME_HEADERS = 4, OS_SAME_TIME = 8, OS_SAME = 15, OS_NO_KEY = 16 };
enum { OS_EMITTED, OS_FAILED, OS_RETRIED };
#define OS_NO_ROW UINT32_MAX

// os_clear begins records, of which about as many are expected.
static inline void os_clear(os_out *o, uint32_t expected) {
	o->room = expected < 16 ? 16 : expected;
	o->count = 0;
	o->end = OS_HEADER + o->room * (uint32_t)sizeof(os_made);
	os_reserve(&o->buf, 0, o->end);
}

// os_begin begins the records that the call returns.
static inline os_out *os_begin(uint32_t expected) {
	os_clear(&os_module.out, expected);
	return &os_module.out;
}

static inline os_made *os_made_at(os_out *o, uint32_t k) { return (os_made *)(void *)(o->buf.at + OS_HEADER) + k; }

static inline os_made *os_last(os_out *o) { return os_made_at(o, o->count - 1); }

void os_widen(os_out *o); // makes room for more descriptors

static inline os_made *os_append(os_out *o, os_made made) {
	if (o->count == o->room) os_widen(o);
	os_made *m = os_made_at(o, o->count++);
	*m = made;
	return m;
}

// os_add adds a record of a row, as it came. What follows up to the next record changes it.
static inline void os_add(os_out *o, uint32_t row) { os_append(o, (os_made){.row = row, .flags = OS_SAME}); }

// os_add_new adds a record of no row: without a key, with an empty value, at a time that is not known.
static inline void os_add_new(os_out *o) { os_append(o, (os_made){.time = OS_NO_TIME, .row = OS_NO_ROW, .flags = OS_NO_KEY}); }

// os_room returns room for n bytes behind those that are there. It is OS_SLACK more, and valid until more is added.
static inline uint8_t *os_room(os_out *o, uint32_t n) {
	if (n > INT32_MAX - o->end) os_exhausted();
	os_reserve(&o->buf, o->end, o->end + n);
	return o->buf.at + o->end;
}

// os_store copies a text behind those that are there, and returns where it is.
static inline uint32_t os_store(os_out *o, os_text t) {
	uint8_t *to = os_room(o, t.len);
	os_copy(to, t);
	o->end += t.len;
	return o->end - t.len;
}

// os_set_value gives the record another value.
static inline void os_set_value(os_out *o, os_text value) {
	uint32_t at = os_store(o, value);
	os_made *m = os_last(o);
	m->value = at, m->value_len = value.len, m->flags &= (uint8_t)~OS_SAME_VALUE;
}

// os_value_begin returns room for a value of at most n bytes, which is written there; os_value_end takes where it ends.
static inline uint8_t *os_value_begin(os_out *o, uint32_t n) { return os_room(o, n); }

static inline void os_value_end(os_out *o, const uint8_t *end) {
	uint32_t at = o->end;
	o->end = (uint32_t)(end - o->buf.at);
	os_made *m = os_last(o);
	m->value = at, m->value_len = o->end - at, m->flags &= (uint8_t)~OS_SAME_VALUE;
}

static inline void os_set_key(os_out *o, os_text key) {
	uint32_t at = os_store(o, key);
	os_made *m = os_last(o);
	m->key = at, m->key_len = key.len, m->flags &= (uint8_t) ~(OS_SAME_KEY | OS_NO_KEY);
}

static inline void os_set_no_key(os_out *o) { os_last(o)->flags = (uint8_t)((os_last(o)->flags & ~OS_SAME_KEY) | OS_NO_KEY); }

// os_set_time gives the record another event time, µs.
static inline void os_set_time(os_out *o, int64_t time) {
	os_last(o)->time = time;
	os_last(o)->flags &= (uint8_t)~OS_SAME_TIME;
}

// os_set_port sends the record to an output: 0 is the one without a name, others are those of the manifest, from 1.
static inline void os_set_port(os_out *o, uint16_t port) { os_last(o)->port = port; }

// os_set_headers gives the record these headers and no others.
void os_set_headers(os_out *o, const os_pair *headers, uint16_t n);

// os_fail fails a row: it leaves by the error output, with the text as the reason.
static inline void os_fail(os_out *o, uint32_t row, os_text why) {
	uint32_t at = os_store(o, why);
	os_append(o, (os_made){.row = row, .status = OS_FAILED, .value = at, .value_len = why.len});
}

// os_retry has a row be given again, after its batch.
static inline void os_retry(os_out *o, uint32_t row) { os_append(o, (os_made){.row = row, .flags = OS_SAME, .status = OS_RETRIED}); }

static inline void os_finish(os_out *o) {
	*(os_header *)(void *)o->buf.at = (os_header){OS_MAGIC, OS_RECORDS_FRAME, o->end, 0, OS_HEADER, o->count, 0};
}

// os_return is what a call returns that returns records.
static inline int64_t os_return(os_out *o) {
	if (!o->count) return 0;
	os_finish(o);
	return os_bytes(os_text_of(o->buf.at, o->end));
}

// os_emit emits records now, before those that the call returns. They were begun with os_clear.
static inline void os_emit(os_out *o) {
	os_finish(o);
	os_host_emit(o->buf.at, o->end);
}

#endif
