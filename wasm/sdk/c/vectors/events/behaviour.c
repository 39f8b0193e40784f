// A behaviour that measures, asks by HTTP, and tells when event time goes on: what the other vectors leave out.
#define ONSTREAM_MODULE
#include "../../onstream.h"

static int32_t level, sizes;

ONSTREAM_OPEN(settings) {
	(void)settings;
	level = os_metric_define(OS_GAUGE, OS_TEXT("level"));
	sizes = os_metric_define(OS_HISTOGRAM, OS_TEXT("sizes"));
	return 0;
}

static void measure(os_out *out, uint32_t row, int32_t metric, os_text number) {
	int64_t n = 0;
	os_get_int(number, &n);
	os_metric_record(metric, (double)n);
	os_add(out, row);
}

static void ask(os_out *out, uint32_t row, os_text rest) {
	os_text method = os_cut(&rest, ' '), url = os_cut(&rest, ' ');
	const os_pair header = {OS_TEXT("X-Test"), OS_TEXT("yes")};
	const os_request request = {.url = url, .method = method, .headers = &header, .header_count = 1, .body = rest};
	os_response answer;
	os_text body = os_http(&request, &answer) ? answer.body : answer.error;
	os_add(out, row);
	uint8_t *to = os_put_int(os_value_begin(out, OS_NUMBER + body.len), answer.status);
	*to++ = ' ';
	os_value_end(out, os_copy(to, body));
}

static void unknown(os_out *out, uint32_t row, os_text word) {
	static uint8_t text[100 + OS_SLACK];
	if (word.len > 60) word.len = 60;
	os_fail(out, row, os_between(text, os_copy(os_copy(text, OS_TEXT("unknown command ")), word)));
}

ONSTREAM_PROCESS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		os_text rest = os_value(in, row), word = os_cut(&rest, ' ');
		if (os_equal(word, OS_TEXT("pass"))) os_add(out, row);
		else if (os_equal(word, OS_TEXT("gauge"))) measure(out, row, level, rest);
		else if (os_equal(word, OS_TEXT("observe"))) measure(out, row, sizes, rest);
		else if (os_equal(word, OS_TEXT("ask"))) ask(out, row, rest);
		else unknown(out, row, word);
	}
	return os_return(out);
}

ONSTREAM_WATERMARK(us) {
	os_out *out = os_begin(1);
	os_add_new(out);
	os_value_end(out, os_put_int(os_copy(os_value_begin(out, OS_NUMBER + 20), OS_TEXT("watermark ")), us));
	return os_return(out);
}
