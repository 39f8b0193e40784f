// Settings: the parameters of the manifest, by name, and .pipeline and .stage; requests and answers of HTTP have the same form.
#ifndef ONSTREAM_SETTINGS_H
#define ONSTREAM_SETTINGS_H

#include "columns.h"

typedef struct os_setting {
	uint32_t name, name_len;
	uint8_t type, zero[7]; // OS_BOOL and so on, 0 for null
	union {
		int64_t integer; // of a bool 0 or 1; of times and durations µs
		double number;
	};
	uint32_t text, text_len;
} os_setting;

static inline const os_setting *os_setting_of(const os_frame *f, os_text name) {
	const os_setting *s = (const os_setting *)(const void *)f->items;
	for (uint32_t k = 0; k < f->count; k++) {
		if (s[k].type && os_equal(os_part(f, s[k].name, s[k].name_len), name)) return s + k;
	}
	return NULL;
}

// The value of a setting; otherwise, where there is none or it is null.
static inline int64_t os_int_setting(const os_frame *f, os_text name, int64_t otherwise) {
	const os_setting *s = os_setting_of(f, name);
	return s ? s->integer : otherwise;
}

static inline double os_float_setting(const os_frame *f, os_text name, double otherwise) {
	const os_setting *s = os_setting_of(f, name);
	return s ? s->number : otherwise;
}

static inline bool os_bool_setting(const os_frame *f, os_text name, bool otherwise) { return os_int_setting(f, name, otherwise) != 0; }

// os_text_setting is in the frame: keep it with os_keep.
static inline os_text os_text_setting(const os_frame *f, os_text name, os_text otherwise) {
	const os_setting *s = os_setting_of(f, name);
	return s ? os_part(f, s->text, s->text_len) : otherwise;
}

// os_http makes a request: the settings are url and, if given, method, body, and header.NAMEs. In the answer are the int status, the
// bytes body, the strings header.NAME, and where the status is 0 the string error. Only for modules that are granted the host.
static inline os_frame os_http(const os_pair *settings, uint32_t n) {
	uint32_t size = OS_HEADER + n * (uint32_t)sizeof(os_setting), end = size;
	for (uint32_t k = 0; k < n; k++) size += settings[k].name.len + settings[k].value.len;
	os_buffer *b = &os_module.request;
	os_reserve(b, 0, size);
	*(os_header *)(void *)b->at = (os_header){OS_MAGIC, OS_SETTINGS_FRAME, size, n, OS_HEADER, n, 0};
	for (uint32_t k = 0; k < n; k++) {
		os_setting *s = (os_setting *)(void *)(b->at + OS_HEADER) + k;
		*s = (os_setting){.name = end, .name_len = settings[k].name.len, .type = OS_BYTES, .text = end + settings[k].name.len, .text_len = settings[k].value.len};
		end = (uint32_t)(os_copy(os_copy(b->at + end, settings[k].name), settings[k].value) - b->at);
	}
	os_buffer *answer = &os_module.answer;
	os_reserve(answer, 0, 1);
	for (uint32_t len = size;; len = 0) { // 0 asks for the same answer again
		int32_t got = os_host_http_request(b->at, len, answer->at, answer->cap);
		if (got >= 0 && (uint32_t)got <= answer->cap) return os_frame_of(answer->at);
		os_reserve(answer, 0, (uint32_t)got);
	}
}

#endif
