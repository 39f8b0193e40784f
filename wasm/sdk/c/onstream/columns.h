// Columns: arrays of the batch, and those that are returned. Selections: the rows that stay.
#ifndef ONSTREAM_COLUMNS_H
#define ONSTREAM_COLUMNS_H

#include "frame.h"

enum { OS_BOOL = 1, OS_INT, OS_FLOAT, OS_STRING, OS_BYTES, OS_TIME, OS_DURATION, OS_JSON, OS_SELECTION };

typedef struct os_column {
	uint32_t type, field, data, data_len, validity, validity_len, offsets, zero;
} os_column;

// os_column_of returns a column of the batch by its index in the manifest's inputs.
static inline const os_column *os_column_of(const os_frame *f, uint32_t field) {
	const os_column *c = (const os_column *)(const void *)f->items;
	if (field < f->count && c[field].field == field) return c + field;
	for (uint32_t k = 0; k < f->count; k++) {
		if (c[k].field == field) return c + k;
	}
	return NULL;
}

static inline const void *os_data(const os_frame *f, uint32_t field) {
	const os_column *c = os_column_of(f, field);
	return c ? f->at + c->data : NULL;
}

// The values of a column, by row; NULL where the manifest has no such input. Rows that are null have any value.
static inline const uint8_t *os_bools(const os_frame *f, uint32_t field) { return (const uint8_t *)os_data(f, field); }
static inline const int64_t *os_ints(const os_frame *f, uint32_t field) { return (const int64_t *)os_data(f, field); }
static inline const double *os_floats(const os_frame *f, uint32_t field) { return (const double *)os_data(f, field); }

// os_validity is a bitmap of the rows that are not null, NULL where none is.
static inline const uint8_t *os_validity(const os_frame *f, uint32_t field) {
	const os_column *c = os_column_of(f, field);
	return c && c->validity ? f->at + c->validity : NULL;
}

// os_texts is a column of strings, bytes or JSON.
typedef struct os_texts {
	const uint8_t *data;
	const uint32_t *offsets;
	uint32_t size; // of all of them, in bytes
} os_texts;

static inline os_texts os_texts_of(const os_frame *f, uint32_t field) {
	const os_column *c = os_column_of(f, field);
	if (!c) return (os_texts){NULL, NULL, 0};
	return (os_texts){f->at + c->data, (const uint32_t *)(const void *)(f->at + c->offsets), c->data_len};
}

static inline os_text os_text_at(os_texts t, uint32_t row) { return os_between(t.data + t.offsets[row], t.data + t.offsets[row + 1]); }

// os_select begins a selection, the result of a module that returns those: a bitmap of no row yet.
static inline uint8_t *os_select(uint32_t rows) {
	uint32_t n = (rows + 7) / 8;
	os_reserve(&os_module.result, 0, OS_HEADER + n);
	uint8_t *at = os_module.result.at;
	*(os_header *)(void *)at = (os_header){OS_MAGIC, OS_SELECTION_FRAME, OS_HEADER + n, rows, OS_HEADER, n, 0};
	for (uint32_t k = 0; k < n; k++) at[OS_HEADER + k] = 0;
	return at + OS_HEADER;
}

// os_return_selection is what a call returns that has filled the bitmap of os_select.
static inline int64_t os_return_selection(void) {
	return os_bytes(os_text_of(os_module.result.at, ((const os_header *)(const void *)os_module.result.at)->length));
}

// os_results is the columns that a call returns. Its arrays stay where they are.
typedef struct os_results {
	uint8_t *at;
	uint32_t rows, room, columns, next, end, cap;
} os_results;

// os_results_begin begins at most so many columns, selections included. text is the most bytes that the columns of strings, bytes and
// JSON will have together.
static inline os_results os_results_begin(uint32_t rows, uint32_t columns, uint32_t text) {
	uint64_t each = (uint64_t)8 * (rows + 1) + 2 * ((rows + 7) / 8 + 8) + 24;
	uint64_t cap = OS_HEADER + columns * (sizeof(os_column) + each) + text;
	if (cap > INT32_MAX) os_exhausted();
	os_reserve(&os_module.result, 0, (uint32_t)cap);
	return (os_results){os_module.result.at, rows, columns, 0, OS_HEADER, OS_HEADER + columns * (uint32_t)sizeof(os_column), (uint32_t)cap};
}

// os_results_full ends the call: os_results_begin was told too little.
static inline _Noreturn void os_results_full(void) {
	os_error(OS_TEXT("the module returns more columns, or longer texts, than it has told os_results_begin"));
	__builtin_trap();
}

static inline uint8_t *os_results_take(os_results *r, uint32_t n) {
	if (r->end > r->cap || n > r->cap - r->end) os_results_full();
	uint8_t *at = r->at + r->end;
	r->end = (r->end + n + 7) & ~7u;
	return at;
}

static inline os_column *os_results_add(os_results *r, uint32_t type, uint32_t field) {
	if (r->columns == r->room) os_results_full();
	os_column *c = (os_column *)(void *)(r->at + OS_HEADER) + r->columns++;
	*c = (os_column){.type = type, .field = field};
	return c;
}

static inline void *os_results_fixed(os_results *r, uint32_t type, uint32_t field, uint32_t size) {
	os_column *c = os_results_add(r, type, field);
	uint8_t *data = os_results_take(r, size);
	c->data = (uint32_t)(data - r->at), c->data_len = size;
	return data;
}

// The arrays of columns to return, by the index in the manifest's outputs, for all rows. Times and durations are ints, of their type.
static inline uint8_t *os_return_bools(os_results *r, uint32_t field) { return (uint8_t *)os_results_fixed(r, OS_BOOL, field, r->rows); }
static inline int64_t *os_return_ints(os_results *r, uint32_t field, uint32_t type) { return (int64_t *)os_results_fixed(r, type, field, 8 * r->rows); }
static inline double *os_return_floats(os_results *r, uint32_t field) { return (double *)os_results_fixed(r, OS_FLOAT, field, 8 * r->rows); }

// os_keep_rows is a bitmap of the rows that go on, to be added to columns: of no row yet.
static inline uint8_t *os_keep_rows(os_results *r) {
	uint32_t n = (r->rows + 7) / 8;
	uint8_t *bits = (uint8_t *)os_results_fixed(r, OS_SELECTION, 0, n);
	for (uint32_t k = 0; k < n; k++) bits[k] = 0;
	return bits;
}

// os_return_nulls is a bitmap of the rows of the column added last that are not null: of no row yet. Without it none is null.
static inline uint8_t *os_return_nulls(os_results *r) {
	os_column *c = (os_column *)(void *)(r->at + OS_HEADER) + (r->columns - 1);
	uint32_t n = (r->rows + 7) / 8;
	uint8_t *bits = os_results_take(r, n);
	c->validity = (uint32_t)(bits - r->at), c->validity_len = n;
	for (uint32_t k = 0; k < n; k++) bits[k] = 0;
	return bits;
}

// os_text_writer writes the texts of a column, row after row, before the next column is begun.
typedef struct os_text_writer {
	uint32_t *offsets;
	os_column *column;
	uint32_t row;
} os_text_writer;

static inline os_text_writer os_return_texts(os_results *r, uint32_t field, uint32_t type) {
	os_column *c = os_results_add(r, type, field);
	uint8_t *offsets = os_results_take(r, 4 * (r->rows + 1));
	c->offsets = (uint32_t)(offsets - r->at), c->data = r->end;
	*(uint32_t *)(void *)offsets = 0;
	return (os_text_writer){(uint32_t *)(void *)offsets, c, 0};
}

// os_text_next writes the text of the next row; an empty one where it is null.
static inline void os_text_next(os_results *r, os_text_writer *w, os_text t) {
	uint32_t at = w->column->data + w->column->data_len;
	if (at > r->cap || t.len > r->cap - at) os_results_full();
	os_copy(r->at + at, t);
	w->offsets[++w->row] = w->column->data_len += t.len;
	r->end = (at + t.len + 7) & ~7u;
}

// os_return_columns is what a call returns that returns columns.
static inline int64_t os_return_columns(const os_results *r) {
	uint32_t len = r->end < r->cap ? r->end : r->cap;
	*(os_header *)(void *)r->at = (os_header){OS_MAGIC, OS_COLUMNS_FRAME, len, r->rows, OS_HEADER, r->columns, 0};
	return os_bytes(os_text_of(r->at, len));
}

#endif
