// A behaviour that reads and writes numbers and JSON with what the SDK has for that.
#define ONSTREAM_MODULE
#include "../../onstream.h"

// number writes a number again, or what it is in degrees Fahrenheit.
static void number(os_out *out, uint32_t row, os_text text, bool converted) {
	double v;
	if (!os_get_number(text, &v)) {
		os_fail(out, row, OS_TEXT("no number"));
		return;
	}
	os_add(out, row);
	os_value_end(out, os_put_number(os_value_begin(out, OS_NUMBER), converted ? v * 9 / 5 + 32 : v));
}

static void fixed(os_out *out, uint32_t row, os_text text) {
	int64_t decimals = 0;
	double v = 0;
	os_get_int(os_cut(&text, ' '), &decimals);
	os_get_number(text, &v);
	os_add(out, row);
	os_value_end(out, os_put_fixed(os_value_begin(out, OS_NUMBER), v, (uint32_t)decimals));
}

static void integer(os_out *out, uint32_t row, os_text text) {
	int64_t v;
	if (!os_get_int(text, &v)) {
		os_fail(out, row, OS_TEXT("no integer"));
		return;
	}
	os_add(out, row);
	os_value_end(out, os_put_int(os_value_begin(out, OS_NUMBER), v));
}

static void find(os_out *out, uint32_t row, os_text text) {
	os_text name = os_cut(&text, ' '), value = os_json_find(text, name);
	os_add(out, row);
	os_set_value(out, value.at ? value : OS_TEXT("absent"));
}

ONSTREAM_PROCESS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		os_text rest = os_value(in, row), word = os_cut(&rest, ' ');
		if (os_equal(word, OS_TEXT("number"))) {
			number(out, row, rest, false);
		} else if (os_equal(word, OS_TEXT("fahrenheit"))) {
			number(out, row, rest, true);
		} else if (os_equal(word, OS_TEXT("fixed"))) {
			fixed(out, row, rest);
		} else if (os_equal(word, OS_TEXT("int"))) {
			integer(out, row, rest);
		} else if (os_equal(word, OS_TEXT("find"))) {
			find(out, row, rest);
		} else {
			os_add(out, row);
			os_value_end(out, os_put_json_string(os_value_begin(out, OS_JSON_STRING(rest.len)), rest));
		}
	}
	return os_return(out);
}
