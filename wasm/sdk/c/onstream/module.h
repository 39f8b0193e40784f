// The exports of a behaviour: the macros that an author writes functions with, and once what every module has.
#ifndef ONSTREAM_EXPORTS_H
#define ONSTREAM_EXPORTS_H

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
