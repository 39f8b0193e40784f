// The work of P2 on columns: which rows are hot, and how hot that is in other degrees.
#define ONSTREAM_MODULE
#include "sdk/onstream.h"

ONSTREAM_PROCESS(in) {
	os_results r = os_results_begin(in->rows, 2, 0);
	const double *t = os_floats(in, 0);
	double *f = os_return_floats(&r, 0);
	uint8_t *keep = os_keep_rows(&r);
	for (uint32_t row = 0; row < in->rows; row++) f[row] = t[row] * 9 / 5 + 32;
	for (uint32_t row = 0; row < in->rows; row++) keep[row >> 3] |= (uint8_t)((t[row] > 75) << (row & 7));
	return os_return_columns(&r);
}
