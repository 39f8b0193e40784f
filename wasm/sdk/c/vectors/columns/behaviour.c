// A behaviour that returns its columns as they are.
#define ONSTREAM_MODULE
#include "../../onstream.h"

enum { B, I, F, S, Y, T, D, J, KEEP };

// nulls makes the rows null that are null in the column of the batch.
static void nulls(os_results *r, const os_frame *in, uint32_t field) {
	const uint8_t *valid = os_validity(in, field);
	if (!valid) return;
	uint8_t *bits = os_return_nulls(r);
	for (uint32_t k = 0; k < (in->rows + 7) / 8; k++) bits[k] = valid[k];
}

static void numbers(os_results *r, const os_frame *in, uint32_t field, uint32_t type) {
	const int64_t *from = os_ints(in, field);
	int64_t *to = os_return_ints(r, field, type);
	for (uint32_t row = 0; row < in->rows; row++) to[row] = from[row];
	nulls(r, in, field);
}

static void texts(os_results *r, const os_frame *in, uint32_t field, uint32_t type) {
	os_texts from = os_texts_of(in, field);
	os_text_writer to = os_return_texts(r, field, type);
	for (uint32_t row = 0; row < in->rows; row++) os_text_next(r, &to, os_text_at(from, row));
	nulls(r, in, field);
}

ONSTREAM_PROCESS(in) {
	os_results r = os_results_begin(in->rows, 8, os_texts_of(in, S).size + os_texts_of(in, Y).size);
	const uint8_t *bools = os_bools(in, B);
	uint8_t *ob = os_return_bools(&r, B);
	for (uint32_t row = 0; row < in->rows; row++) ob[row] = bools[row];
	nulls(&r, in, B);
	numbers(&r, in, I, OS_INT);
	const double *floats = os_floats(in, F);
	double *of = os_return_floats(&r, F);
	for (uint32_t row = 0; row < in->rows; row++) of[row] = floats[row];
	nulls(&r, in, F);
	texts(&r, in, S, OS_STRING);
	texts(&r, in, Y, OS_BYTES);
	numbers(&r, in, T, OS_TIME);
	numbers(&r, in, D, OS_DURATION);
	const uint8_t *keep = os_bools(in, KEEP);
	uint8_t *bits = os_keep_rows(&r);
	for (uint32_t row = 0; row < in->rows; row++) {
		if (keep[row]) os_set_bit(bits, row);
	}
	return os_return_columns(&r);
}
