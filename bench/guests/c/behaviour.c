// The work of P2 on records: a filter on a temperature, and a record of three fields.
#define ONSTREAM_MODULE
#include "sdk/onstream.h"

// hot adds the record that a reading becomes, if it becomes one. The temperature is in front of the site.
static void hot(os_out *out, uint32_t row, os_text reading) {
	os_text device = {0}, site = {0};
	double t = 0;
	os_json fields = os_json_of(reading);
	while (!site.at && os_json_next(&fields)) {
		if (os_equal(fields.name, OS_TEXT("device_id"))) device = fields.value;
		else if (os_equal(fields.name, OS_TEXT("site"))) site = fields.value;
		else if (os_equal(fields.name, OS_TEXT("temperature")) && (!os_get_number(fields.value, &t) || t <= 75)) return;
	}
	if (t <= 75) return;
	os_add(out, row);
	uint8_t *to = os_value_begin(out, device.len + site.len + OS_NUMBER + 40);
	to = os_copy(os_copy(to, OS_TEXT("{\"device_id\":")), device);
	to = os_put_number(os_copy(to, OS_TEXT(",\"f\":")), t * 9 / 5 + 32);
	to = os_copy(os_copy(to, OS_TEXT(",\"site\":")), site);
	os_value_end(out, os_copy(to, OS_TEXT("}")));
}

ONSTREAM_PROCESS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) hot(out, row, os_value(in, row));
	return os_return(out);
}
