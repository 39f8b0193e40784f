// A behaviour whose records say what to do with them: words, separated by one blank.
#define ONSTREAM_MODULE
#include "../../onstream.h"

static struct {
	double milli;
	os_text label, pipeline, stage;
	bool flag;
	int64_t wait, count;
	int32_t hits;
	os_text memory;
} guest;

static os_out extra;

ONSTREAM_OPEN(settings) {
	guest.milli = os_float_param(settings, OS_TEXT("milli"));
	guest.label = os_keep(os_text_param(settings, OS_TEXT("label")));
	guest.flag = os_bool_param(settings, OS_TEXT("flag"));
	guest.wait = os_int_param(settings, OS_TEXT("wait"));
	guest.count = os_int_param(settings, OS_TEXT("count"));
	guest.pipeline = os_keep(os_pipeline(settings));
	guest.stage = os_keep(os_stage(settings));
	guest.hits = os_metric_define(OS_COUNTER, OS_TEXT("hits"));
	return 0;
}

ONSTREAM_CONFIGURE(settings) {
	guest.milli = os_float_param(settings, OS_TEXT("milli"));
	return 0;
}

#define IS(word, name) os_equal(word, OS_TEXT(name))

static int64_t number(os_text word) {
	int64_t v = 0;
	os_get_int(word, &v);
	return v;
}

static os_space space_of(os_text word) { return OS_SPACE(IS(word, "b")); }

static uint32_t clock_of(os_text word) { return IS(word, "wall") ? OS_WALL : OS_EVENT; }

static void reply(os_out *out, uint32_t row, os_text value) {
	os_add(out, row);
	os_set_value(out, value);
}

static void reply_int(os_out *out, uint32_t row, int64_t v) {
	os_add(out, row);
	os_value_end(out, os_put_int(os_value_begin(out, OS_NUMBER), v));
}

static uint8_t *put_time(uint8_t *to, int64_t at) { return at == OS_NO_TIME ? os_copy(to, OS_TEXT("-")) : os_put_int(to, at); }

static void about(os_out *out, const os_frame *in, uint32_t row) {
	const os_text key = os_key(in, row);
	uint32_t size = 100 + key.len;
	for (uint32_t k = 0; k < os_header_count(in, row); k++) size += os_header_at(in, row, k).name.len + os_header_at(in, row, k).value.len + 2;
	os_add(out, row);
	uint8_t *to = os_copy(os_value_begin(out, size), OS_TEXT("key="));
	to = os_copy(to, key.at ? key : OS_TEXT("-"));
	to = put_time(os_copy(to, OS_TEXT(" time=")), os_time(in, row));
	to = os_put_uint(os_copy(to, OS_TEXT(" seq=")), os_seq(in, row));
	to = os_copy(to, OS_TEXT(" headers="));
	for (uint32_t k = 0; k < os_header_count(in, row); k++) {
		os_pair h = os_header_at(in, row, k);
		if (k) *to++ = ',';
		to = os_copy(to, h.name);
		*to++ = ':';
		to = os_copy(to, h.value);
	}
	os_value_end(out, to);
}

static void parameter(os_out *out, uint32_t row, os_text name) {
	if (IS(name, "milli")) reply_int(out, row, (int64_t)(guest.milli * 1000));
	else if (IS(name, "label")) reply(out, row, guest.label);
	else if (IS(name, "flag")) reply_int(out, row, guest.flag);
	else if (IS(name, "wait")) reply_int(out, row, guest.wait);
	else if (IS(name, "count")) reply_int(out, row, guest.count);
	else if (IS(name, ".pipeline")) reply(out, row, guest.pipeline);
	else if (IS(name, ".stage")) reply(out, row, guest.stage);
	else os_fail(out, row, OS_TEXT("unknown parameter"));
}

static void many(os_out *out, uint32_t row, os_many values, uint32_t n) {
	uint32_t size = 0;
	for (uint32_t k = 0; k < n; k++) size += os_many_at(values, k).len + 2;
	os_add(out, row);
	uint8_t *to = os_value_begin(out, size);
	for (uint32_t k = 0; k < n; k++) {
		os_text v = os_many_at(values, k);
		if (k) *to++ = ',';
		to = os_copy(to, v.at ? v : OS_TEXT("-"));
	}
	os_value_end(out, to);
}

// some is many for the rows that a text names, up to 16.
static void some(os_out *out, uint32_t row, os_space space, os_text rest) {
	uint32_t rows[16], n = 0;
	os_text name = os_cut(&rest, ' ');
	while (rest.len && n < 16) rows[n++] = (uint32_t)number(os_cut(&rest, ' '));
	many(out, row, os_get_many(space, name, rows, n), n);
}

static void unknown(os_out *out, uint32_t row, os_text word) {
	static uint8_t text[100 + OS_SLACK];
	if (word.len > 60) word.len = 60;
	os_fail(out, row, os_between(text, os_copy(os_copy(text, OS_TEXT("unknown command ")), word)));
}

// state runs the commands about state and timers, and tells whether it is one.
static bool state(os_out *out, const os_frame *in, uint32_t row, os_text word, os_text rest) {
	if (IS(word, "get")) {
		os_space space = space_of(os_cut(&rest, ' '));
		os_text v = os_get(space, row, rest);
		reply(out, row, v.at ? v : OS_TEXT("absent"));
	} else if (IS(word, "put")) {
		os_space space = space_of(os_cut(&rest, ' '));
		os_text name = os_cut(&rest, ' ');
		int64_t ttl = number(os_cut(&rest, ' '));
		os_put(space, row, name, rest, ttl);
		os_add(out, row);
	} else if (IS(word, "del")) {
		os_space space = space_of(os_cut(&rest, ' '));
		reply(out, row, os_del(space, row, rest) ? OS_TEXT("deleted") : OS_TEXT("absent"));
	} else if (IS(word, "many")) {
		os_space space = space_of(os_cut(&rest, ' '));
		many(out, row, os_get_many(space, rest, NULL, in->rows), in->rows);
	} else if (IS(word, "some")) {
		os_space space = space_of(os_cut(&rest, ' '));
		some(out, row, space, rest);
	} else if (IS(word, "timer")) {
		uint32_t clock = clock_of(os_cut(&rest, ' '));
		int64_t id = number(os_cut(&rest, ' '));
		os_timer_set(row, clock, id, number(rest));
		os_add(out, row);
	} else if (IS(word, "clear")) {
		uint32_t clock = clock_of(os_cut(&rest, ' '));
		reply(out, row, os_timer_clear(row, clock, number(rest)) ? OS_TEXT("cleared") : OS_TEXT("absent"));
	} else {
		return false;
	}
	return true;
}

// change runs the commands that make other records of a row, and tells whether it is one.
static bool change(os_out *out, uint32_t row, os_text word, os_text rest) {
	if (IS(word, "value")) {
		reply(out, row, rest);
	} else if (IS(word, "key")) {
		os_add(out, row);
		os_set_key(out, rest);
	} else if (IS(word, "nokey")) {
		os_add(out, row);
		os_set_no_key(out);
	} else if (IS(word, "time")) {
		os_add(out, row);
		os_set_time(out, number(rest));
	} else if (IS(word, "header")) {
		os_text name = os_cut(&rest, ' ');
		os_add(out, row);
		os_set_headers(out, &(os_pair){name, rest}, 1);
	} else if (IS(word, "side")) {
		reply(out, row, rest);
		os_set_port(out, 1);
	} else if (IS(word, "twice")) {
		os_add(out, row);
		os_add(out, row);
	} else if (IS(word, "new")) {
		os_add_new(out);
		os_set_value(out, rest);
	} else if (IS(word, "emit")) {
		os_clear(&extra, 1);
		reply(&extra, row, rest);
		os_emit(&extra);
		os_add(out, row);
	} else {
		return false;
	}
	return true;
}

static volatile bool never;

// tell runs the commands that tell the host or ask it, and tells whether it is one.
static bool tell(os_out *out, const os_frame *in, uint32_t row, os_text word, os_text rest) {
	if (IS(word, "about")) {
		about(out, in, row);
	} else if (IS(word, "now")) {
		reply_int(out, row, os_now());
	} else if (IS(word, "watermark")) {
		if (os_watermark() == OS_NO_TIME) reply(out, row, OS_TEXT("none"));
		else reply_int(out, row, os_watermark());
	} else if (IS(word, "param")) {
		parameter(out, row, rest);
	} else if (IS(word, "log")) {
		uint32_t level = (uint32_t)number(os_cut(&rest, ' '));
		os_log(level, rest);
		os_add(out, row);
	} else if (IS(word, "remember")) {
		guest.memory = os_keep(rest);
		os_add(out, row);
	} else if (IS(word, "recall")) {
		reply(out, row, guest.memory);
	} else if (IS(word, "count")) {
		os_cut(&rest, ' ');
		os_metric_record(guest.hits, (double)number(rest));
		os_add(out, row);
	} else {
		return false;
	}
	return true;
}

ONSTREAM_PROCESS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		os_text rest = os_value(in, row), word = os_cut(&rest, ' ');
		if (IS(word, "pass") || IS(word, "stale")) os_add(out, row);
		else if (IS(word, "drop")) continue;
		else if (IS(word, "fail")) os_fail(out, row, rest);
		else if (IS(word, "retry")) os_retry(out, row);
		else if (IS(word, "error")) return os_error(rest);
		else if (IS(word, "trap")) __builtin_trap();
		else if (IS(word, "spin")) while (!never) {}
		else if (!change(out, row, word, rest) && !state(out, in, row, word, rest) && !tell(out, in, row, word, rest)) unknown(out, row, word);
	}
	return os_return(out);
}

ONSTREAM_TIMERS(in) {
	os_out *out = os_begin(in->rows);
	for (uint32_t row = 0; row < in->rows; row++) {
		const os_timer *t = os_timer_at(in, row);
		os_add_new(out);
		os_set_key(out, os_timer_key(in, row));
		uint8_t *to = os_copy(os_value_begin(out, 100), t->clock == OS_WALL ? OS_TEXT("timer wall ") : OS_TEXT("timer event "));
		to = os_put_int(to, t->id);
		*to++ = ' ';
		os_value_end(out, os_put_int(to, t->time));
	}
	return os_return(out);
}

ONSTREAM_SNAPSHOT() { return os_bytes(guest.memory); }

ONSTREAM_RESTORE(snapshot) {
	uint8_t *both = os_alloc(guest.memory.len + snapshot.len);
	guest.memory = os_between(both, os_copy(os_copy(both, guest.memory), snapshot));
	return 0;
}
