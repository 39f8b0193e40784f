// The exports of a behaviour: the macros that an author writes functions with, and once what every module has.
#ifndef ONSTREAM_EXPORTS_H
#define ONSTREAM_EXPORTS_H

#include "http.h"
#include "json.h"
#include "records.h"
#include "settings.h"
#include "state.h"

#define OS_EXPORT(name) __attribute__((export_name(name), used))

#define OS_FRAME_EXPORT(result, name, run, param) \
	static result run(const os_frame *param); \
	OS_EXPORT(#name) result name(const uint8_t *at, uint32_t len) { \
		(void)len; \
		os_frame frame = os_frame_of(at); \
		return run(&frame); \
	} \
	static result run(const os_frame *param)

// ONSTREAM_PROCESS(in) { ... } is called with a batch: records, or columns. It returns os_return(out), os_return_selection(),
// os_return_columns(&r), 0 for nothing, or os_error(why).
#define ONSTREAM_PROCESS(in) OS_FRAME_EXPORT(int64_t, onstream_process, os_run_process, in)

// ONSTREAM_TIMERS(in) { ... } is called with timers whose time has come (os_timer_at, os_timer_key). It returns as ONSTREAM_PROCESS does,
// records of no row.
#define ONSTREAM_TIMERS(in) OS_FRAME_EXPORT(int64_t, onstream_on_timer, os_run_timers, in)

// ONSTREAM_WATERMARK(us) { ... } is called when event time has gone on. It returns as ONSTREAM_TIMERS does.
#define ONSTREAM_WATERMARK(us) OS_EXPORT("onstream_on_watermark") int64_t onstream_on_watermark(int64_t us)

// ONSTREAM_OPEN(settings) { ... } is called first, with the parameters. It returns 0, or os_error(why).
#define ONSTREAM_OPEN(settings) OS_FRAME_EXPORT(int32_t, onstream_open, os_run_open, settings)

// ONSTREAM_CONFIGURE(settings) { ... } is called with new values of hot parameters.
#define ONSTREAM_CONFIGURE(settings) OS_FRAME_EXPORT(int32_t, onstream_configure, os_run_configure, settings)

// ONSTREAM_SNAPSHOT() { ... } returns os_bytes(text): what the module keeps in its own memory.
#define ONSTREAM_SNAPSHOT() OS_EXPORT("onstream_snapshot") int64_t onstream_snapshot(void)

// ONSTREAM_RESTORE(snapshot) { ... } is called with what a snapshot was, perhaps several times: then it adds up. It returns 0, or os_error(why).
#define ONSTREAM_RESTORE(snapshot) \
	static int32_t os_run_restore(os_text snapshot); \
	OS_EXPORT("onstream_restore") int32_t onstream_restore(const uint8_t *at, uint32_t len) { return os_run_restore(os_text_of(at, len)); } \
	static int32_t os_run_restore(os_text snapshot)

#endif

#if defined(ONSTREAM_MODULE) && !defined(ONSTREAM_MODULE_DEFINED)
#define ONSTREAM_MODULE_DEFINED

struct os_module os_module;
extern uint8_t __heap_base; // by the linker

#define OS_PAGE 65536u

uint8_t *os_take(uint32_t n) {
	uintptr_t at = (uintptr_t)(os_module.heap ? os_module.heap : &__heap_base);
	at = (at + 15) & ~(uintptr_t)15;
	uint64_t end = (uint64_t)at + n + OS_SLACK, have = (uint64_t)__builtin_wasm_memory_size(0) * OS_PAGE;
	if (end > have && __builtin_wasm_memory_grow(0, (uint32_t)((end - have + OS_PAGE - 1) / OS_PAGE)) == (size_t)-1) return NULL;
	os_module.heap = (uint8_t *)(uintptr_t)end;
	return (uint8_t *)at;
}

_Noreturn void os_exhausted(void) {
	os_error(OS_TEXT("the module has no memory left: raise limits.memory"));
	__builtin_trap();
}

_Noreturn void os_no_param(const os_frame *settings, os_text name) {
	const os_setting *s = (const os_setting *)(const void *)settings->items;
	uint32_t size = 100 + name.len;
	for (uint32_t k = 0; k < settings->count; k++) size += s[k].name_len + 2;
	uint8_t *text = os_alloc(size), *to = os_copy(os_copy(text, OS_TEXT("there is no parameter \"")), name);
	to = os_copy(to, OS_TEXT("\": the manifest has "));
	bool any = false;
	for (uint32_t k = 0; k < settings->count; k++) {
		os_text there = os_part(settings, s[k].name, s[k].name_len);
		if (there.len && there.at[0] == '.') continue; // where it runs
		to = os_copy(any ? os_copy(to, OS_TEXT(", ")) : to, there);
		any = true;
	}
	os_error(os_between(text, any ? to : os_copy(to, OS_TEXT("none"))));
	__builtin_trap();
}

// os_reader is what a type is called, and what reads it.
static os_text os_reader(uint32_t type) {
	switch (type) {
	case OS_BOOL: return OS_TEXT("bool: read it with os_bool_param");
	case OS_INT: return OS_TEXT("int: read it with os_int_param");
	case OS_FLOAT: return OS_TEXT("float: read it with os_float_param");
	case OS_TIME: return OS_TEXT("time: read it with os_int_param");
	case OS_DURATION: return OS_TEXT("duration: read it with os_int_param");
	case OS_BYTES: return OS_TEXT("bytes: read it with os_text_param");
	case OS_JSON: return OS_TEXT("json: read it with os_text_param");
	}
	return OS_TEXT("string: read it with os_text_param");
}

_Noreturn void os_other_param(uint32_t type, os_text name) {
	uint8_t *text = os_alloc(100 + name.len), *to = os_copy(os_copy(text, OS_TEXT("the parameter \"")), name);
	os_error(os_between(text, os_copy(os_copy(to, OS_TEXT("\" is of the type ")), os_reader(type))));
	__builtin_trap();
}

static uint32_t os_put_setting(uint8_t *frame, uint32_t k, uint32_t end, os_text prefix, os_text name, uint8_t type, os_text value) {
	uint8_t *from = frame + end, *named = os_copy(os_copy(from, prefix), name), *to = os_copy(named, value);
	os_setting *s = (os_setting *)(void *)(frame + OS_HEADER) + k;
	*s = (os_setting){.name = end, .name_len = prefix.len + name.len, .type = type, .text = (uint32_t)(named - frame), .text_len = value.len};
	return (uint32_t)(to - frame);
}

bool os_http(const os_request *r, os_response *response) {
	const os_text prefix = OS_TEXT("header."), none = OS_TEXT("");
	uint32_t most = 3u + r->header_count, size = OS_HEADER + most * (uint32_t)sizeof(os_setting) + r->url.len + r->method.len + r->body.len + 20;
	for (uint32_t k = 0; k < r->header_count; k++) size += prefix.len + r->headers[k].name.len + r->headers[k].value.len;
	os_buffer *b = &os_module.request, *answer = &os_module.answer;
	os_reserve(b, 0, size);
	uint32_t n = 0, end = OS_HEADER + most * (uint32_t)sizeof(os_setting);
	end = os_put_setting(b->at, n++, end, none, OS_TEXT("url"), OS_STRING, r->url);
	if (r->method.len) end = os_put_setting(b->at, n++, end, none, OS_TEXT("method"), OS_STRING, r->method);
	if (r->body.len) end = os_put_setting(b->at, n++, end, none, OS_TEXT("body"), OS_BYTES, r->body);
	for (uint32_t k = 0; k < r->header_count; k++) end = os_put_setting(b->at, n++, end, prefix, r->headers[k].name, OS_STRING, r->headers[k].value);
	*(os_header *)(void *)b->at = (os_header){OS_MAGIC, OS_SETTINGS_FRAME, end, n, OS_HEADER, n, 0};
	os_reserve(answer, 0, 1);
	for (uint32_t len = end;; len = 0) { // 0 asks for the same answer again
		int32_t got = os_host_http_request(b->at, len, answer->at, answer->cap);
		if (got >= 0 && (uint32_t)got <= answer->cap) break;
		os_reserve(answer, 0, (uint32_t)got);
	}
	const os_frame f = os_frame_of(answer->at);
	*response = (os_response){.status = os_int_param(&f, OS_TEXT("status")), .frame = f};
	if (response->status) response->body = os_text_param(&f, OS_TEXT("body"));
	else response->error = os_text_param(&f, OS_TEXT("error"));
	return response->status != 0;
}

os_text os_response_header(const os_response *r, os_text name) {
	const os_text prefix = OS_TEXT("header.");
	const os_setting *s = (const os_setting *)(const void *)r->frame.items;
	for (uint32_t k = 0; k < r->frame.count; k++) {
		os_text there = os_part(&r->frame, s[k].name, s[k].name_len);
		if (there.len != prefix.len + name.len || !os_equal(os_text_of(there.at, prefix.len), prefix)) continue;
		if (os_equal(os_text_of(there.at + prefix.len, name.len), name)) return os_part(&r->frame, s[k].text, s[k].text_len);
	}
	return (os_text){NULL, 0};
}

OS_EXPORT("onstream_abi_v1") void onstream_abi_v1(void);
void onstream_abi_v1(void) {}

OS_EXPORT("onstream_alloc") void *onstream_alloc(uint32_t n);
void *onstream_alloc(uint32_t n) { return os_try_reserve(&os_module.input, 0, n) ? os_module.input.at : NULL; }

void os_widen(os_out *o) {
	uint32_t more = o->room, shift = more * (uint32_t)sizeof(os_made), data = OS_HEADER + o->room * (uint32_t)sizeof(os_made);
	os_room(o, shift);
	uint8_t *from = o->buf.at + data;
	for (uint32_t k = o->end - data; k-- > 0;) from[k + shift] = from[k];
	for (uint32_t k = 0; k < o->count; k++) {
		os_made *m = os_made_at(o, k);
		if (m->key_len) m->key += shift;
		if (m->value_len) m->value += shift;
		if (!m->header_count) continue;
		m->headers += shift;
		uint32_t *h = (uint32_t *)(void *)(o->buf.at + m->headers);
		for (uint32_t i = 0; i < 2u * m->header_count; i++) h[(size_t)2 * i] += shift;
	}
	o->room += more;
	o->end += shift;
}

void os_set_headers(os_out *o, const os_pair *headers, uint16_t n) {
	uint32_t at = (o->end + 7) & ~7u, size = n * 16u;
	os_room(o, at - o->end + size);
	o->end = at + size;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t name = os_store(o, headers[k].name), value = os_store(o, headers[k].value);
		uint32_t *h = (uint32_t *)(void *)(o->buf.at + at) + (size_t)4 * k;
		h[0] = name, h[1] = headers[k].name.len, h[2] = value, h[3] = headers[k].value.len;
	}
	os_made *m = os_last(o);
	m->headers = at, m->header_count = n, m->flags &= (uint8_t)~OS_SAME_HEADERS;
}

// What clang calls of a library, unless there is one.
__attribute__((weak, no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t n) {
	for (size_t k = 0; k < n; k++) ((uint8_t *)to)[k] = ((const uint8_t *)from)[k];
	return to;
}

__attribute__((weak, no_builtin)) void *memset(void *to, int byte, size_t n) {
	for (size_t k = 0; k < n; k++) ((uint8_t *)to)[k] = (uint8_t)byte;
	return to;
}

__attribute__((weak, no_builtin)) void *memmove(void *to, const void *from, size_t n) {
	if ((uintptr_t)to <= (uintptr_t)from) return memcpy(to, from, n);
	while (n-- > 0) ((uint8_t *)to)[n] = ((const uint8_t *)from)[n];
	return to;
}

#endif
