// A behaviour that notices temperatures that are out of the ordinary for their device, and devices that fall silent.
#define ONSTREAM_MODULE
#include "sdk/onstream.h"

#define HISTORY OS_SPACE(0)

enum { OUT, SILENT };       // ports
enum { SILENCE_TIMER = 1 }; // ids of timers

static double limit;
static int64_t warmup, silence;

ONSTREAM_OPEN(settings) {
	limit = os_float_param(settings, OS_TEXT("limit"));
	warmup = os_int_param(settings, OS_TEXT("warmup"));
	silence = os_int_param(settings, OS_TEXT("silence"));
	return 0;
}

ONSTREAM_CONFIGURE(settings) {
	limit = os_float_param(settings, OS_TEXT("limit"));
	return 0;
}

// history is what is kept of a device. Mean and squares are updated as Welford does it (1962), which does not lose digits.
typedef struct {
	int64_t count;
	double mean, squares; // squares is the sum of those of the distances from the mean
} history;

static history history_of(uint32_t row) {
	history h = {0};
	os_text kept = os_get(HISTORY, row, OS_TEXT(""));
	if (kept.len == sizeof h) h = *(const history *)(const void *)kept.at;
	return h;
}

static void learn(uint32_t row, history h, double t) {
	double distance = t - h.mean;
	h.count++;
	h.mean += distance / (double)h.count;
	h.squares += distance * (t - h.mean);
	os_put(HISTORY, row, OS_TEXT(""), os_text_of(&h, sizeof h), 0);
}

// report adds the record of a reading that is out of the ordinary.
static void report(os_out *out, uint32_t row, os_text device, double t, double score) {
	os_add(out, row);
	uint8_t *to = os_value_begin(out, OS_JSON_STRING(device.len) + 2 * OS_NUMBER + 50);
	to = os_put_json_string(os_copy(to, OS_TEXT("{\"device\":")), device);
	to = os_put_fixed(os_copy(to, OS_TEXT(",\"temperature\":")), t, 3);
	to = os_put_fixed(os_copy(to, OS_TEXT(",\"score\":")), score, 3);
	os_value_end(out, os_copy(to, OS_TEXT("}")));
}

ONSTREAM_PROCESS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		double t;
		if (!os_json_number(os_value(in, row), OS_TEXT("temperature"), &t)) {
			os_fail(out, row, OS_TEXT("no number \"temperature\""));
			continue;
		}
		os_timer_set(row, OS_WALL, SILENCE_TIMER, os_now() + silence);
		history h = history_of(row);
		double distance = t < h.mean ? h.mean - t : t - h.mean;
		double deviation = h.count ? os_sqrt(h.squares / (double)h.count) : 0;
		if (h.count >= warmup && deviation > 0 && distance > limit * deviation) report(out, row, os_key(in, row), t, distance / deviation);
		else learn(row, h, t);
	}
	return os_return(out);
}

ONSTREAM_TIMERS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		os_text device = os_timer_key(in, row);
		os_add_new(out);
		os_set_key(out, device);
		os_set_port(out, SILENT);
		uint8_t *to = os_copy(os_value_begin(out, OS_JSON_STRING(device.len) + 50), OS_TEXT("{\"device\":"));
		os_value_end(out, os_copy(os_put_json_string(to, device), OS_TEXT(",\"silent\":true}")));
	}
	return os_return(out);
}
