// A behaviour that keeps the rows whose number is positive.
#define ONSTREAM_MODULE
#include "../../onstream.h"

enum { F };

ONSTREAM_PROCESS(in) {
	const double *numbers = os_floats(in, F);
	const uint8_t *valid = os_validity(in, F);
	uint8_t *stay = os_select(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		if (numbers[row] > 0 && (!valid || os_bit(valid, row))) os_set_bit(stay, row);
	}
	return os_return_selection();
}
