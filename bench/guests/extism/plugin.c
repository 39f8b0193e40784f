// The work of P2 as a plug-in of Extism: one call for each record. Of the header it takes JSON and numbers. It has the functions of its host as Extism's own kit for C declares them.
#include "../../../wasm/sdk/c/onstream.h"

#define EXTISM(name) __attribute__((import_module("extism:host/env"), import_name(name)))

EXTISM("input_length") uint64_t input_length(void);
EXTISM("input_load_u64") uint64_t input_load_u64(uint64_t offset);
EXTISM("input_load_u8") uint8_t input_load_u8(uint64_t offset);
EXTISM("alloc") uint64_t extism_alloc(uint64_t n);
EXTISM("store_u64") void store_u64(uint64_t offset, uint64_t v);
EXTISM("store_u8") void store_u8(uint64_t offset, uint8_t v);
EXTISM("output_set") void output_set(uint64_t offset, uint64_t n);

static uint8_t input[4096 + OS_SLACK], output[4096 + OS_SLACK];

static os_text read_input(void) {
	uint64_t n = input_length(), k = 0;
	if (n > 4096) return (os_text){0};
	for (; k + 8 <= n; k += 8) *(uint64_t *)(void *)(input + k) = input_load_u64(k);
	for (; k < n; k++) input[k] = input_load_u8(k);
	return os_text_of(input, (uint32_t)n);
}

static void write_output(os_text t) {
	uint64_t at = extism_alloc(t.len), k = 0;
	for (; k + 8 <= t.len; k += 8) store_u64(at + k, *(const uint64_t *)(const void *)(t.at + k));
	for (; k < t.len; k++) store_u8(at + k, t.at[k]);
	output_set(at, t.len);
}

OS_EXPORT("transform") int32_t transform(void) {
	os_text reading = read_input();
	double t;
	if (!os_json_number(reading, OS_TEXT("temperature"), &t) || t <= 75) return 0; // no output: the record is dropped
	uint8_t *to = os_copy(os_copy(output, OS_TEXT("{\"device_id\":")), os_json_find(reading, OS_TEXT("device_id")));
	to = os_put_number(os_copy(to, OS_TEXT(",\"f\":")), t * 9 / 5 + 32);
	to = os_copy(os_copy(to, OS_TEXT(",\"site\":")), os_json_find(reading, OS_TEXT("site")));
	write_output(os_between(output, os_copy(to, OS_TEXT("}"))));
	return 0;
}
