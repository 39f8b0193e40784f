// The functions of the host that take and return plain numbers, and the raw ones behind those of the other files.
// A module imports only those that it uses.
#ifndef ONSTREAM_HOST_H
#define ONSTREAM_HOST_H

#include "text.h"

#define OS_IMPORT(name) __attribute__((import_module("onstream_v1"), import_name(name)))

OS_IMPORT("log") void os_host_log(uint32_t level, const void *at, uint32_t len);
OS_IMPORT("log_enabled") int32_t os_host_log_enabled(uint32_t level);
OS_IMPORT("error") void os_host_error(const void *at, uint32_t len);
OS_IMPORT("now_us") int64_t os_now(void);             // the pipeline's clock, µs; the same during a call
OS_IMPORT("watermark_us") int64_t os_watermark(void); // event time, OS_NO_TIME before it is known; the same during a call
OS_IMPORT("emit") int32_t os_host_emit(const void *at, uint32_t len);
OS_IMPORT("state_get") int32_t os_host_state_get(uint32_t space, uint32_t row, const void *name, uint32_t name_len, void *buf, uint32_t limit);
OS_IMPORT("state_put") int32_t os_host_state_put(uint32_t space, uint32_t row, const void *name, uint32_t name_len, const void *value, uint32_t value_len, int64_t ttl);
OS_IMPORT("state_del") int32_t os_host_state_del(uint32_t space, uint32_t row, const void *name, uint32_t name_len);
OS_IMPORT("state_get_many") int32_t os_host_state_get_many(uint32_t space, const void *name, uint32_t name_len, const uint32_t *rows, uint32_t n, void *buf, uint32_t limit);
OS_IMPORT("timer_set") int32_t os_host_timer_set(uint32_t row, uint32_t clock, int64_t id, int64_t us);
OS_IMPORT("timer_clear") int32_t os_host_timer_clear(uint32_t row, uint32_t clock, int64_t id);
OS_IMPORT("metric_define") int32_t os_host_metric_define(uint32_t kind, const void *name, uint32_t name_len);
OS_IMPORT("metric_record") void os_metric_record(int32_t metric, double value);
OS_IMPORT("http_request") int32_t os_host_http_request(const void *at, uint32_t len, void *buf, uint32_t limit);

// OS_NO_TIME is a time that is not known.
#define OS_NO_TIME INT64_MIN

enum { OS_DEBUG, OS_INFO, OS_WARN, OS_ERROR };        // levels of the log
enum { OS_EVENT, OS_WALL };                           // clocks of timers: event time, the pipeline's clock
enum { OS_COUNTER, OS_GAUGE, OS_HISTOGRAM };          // kinds of metrics

static inline void os_log(uint32_t level, os_text line) { os_host_log(level, line.at, line.len); }

// os_log_enabled tells whether somebody reads lines of a level, so that others need not be made.
static inline bool os_log_enabled(uint32_t level) { return os_host_log_enabled(level) != 0; }

// os_error is returned by a call that failed: return os_error(OS_TEXT("why"));
static inline int32_t os_error(os_text message) {
	os_host_error(message.at, message.len);
	return -1;
}

// os_metric_define defines a metric, in ONSTREAM_OPEN only. os_metric_record adds to a counter, sets a gauge, counts a value in a histogram.
static inline int32_t os_metric_define(uint32_t kind, os_text name) { return os_host_metric_define(kind, name.at, name.len); }

#endif
