// Settings: the parameters of the manifest, by name, and where the module runs.
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

_Noreturn void os_no_param(const os_frame *settings, os_text name); // ends the call, and says what is missing

_Noreturn void os_other_param(uint32_t type, os_text name); // ends the call, and says what type the parameter is of

#define OS_BIT(type) (1u << (type))

// os_param is a parameter of one of the types, which are bits.
static inline const os_setting *os_param(const os_frame *settings, os_text name, uint32_t types) {
	const os_setting *s = os_setting_of(settings, name);
	if (!s) os_no_param(settings, name);
	if (s->type > OS_JSON || !(types & OS_BIT(s->type))) os_other_param(s->type, name);
	return s;
}

// os_has_param tells whether there is a parameter.
static inline bool os_has_param(const os_frame *settings, os_text name) { return os_setting_of(settings, name) != NULL; }

// The value of a parameter: of os_int_param µs for a time or a duration; that of os_text_param is in the frame: keep it with os_keep. To
// ask for one that the manifest does not have, or has with another type, is a mistake of the module, which it does not survive.
static inline int64_t os_int_param(const os_frame *settings, os_text name) {
	return os_param(settings, name, OS_BIT(OS_INT) | OS_BIT(OS_TIME) | OS_BIT(OS_DURATION))->integer;
}

static inline double os_float_param(const os_frame *settings, os_text name) { return os_param(settings, name, OS_BIT(OS_FLOAT))->number; }

static inline bool os_bool_param(const os_frame *settings, os_text name) { return os_param(settings, name, OS_BIT(OS_BOOL))->integer != 0; }

static inline os_text os_text_param(const os_frame *settings, os_text name) {
	const os_setting *s = os_param(settings, name, OS_BIT(OS_STRING) | OS_BIT(OS_BYTES) | OS_BIT(OS_JSON));
	return os_part(settings, s->text, s->text_len);
}

// os_pipeline is the name of the pipeline that the module runs in, os_stage the address of the stage that it is.
static inline os_text os_pipeline(const os_frame *settings) { return os_text_param(settings, OS_TEXT(".pipeline")); }

static inline os_text os_stage(const os_frame *settings) { return os_text_param(settings, OS_TEXT(".stage")); }

#endif
