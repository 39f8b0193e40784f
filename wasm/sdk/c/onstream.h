// onstream.h: what a behaviour for onstream is written with in C. It is freestanding C11 for clang, and needs no library.
//
//	#define ONSTREAM_MODULE // in one file of a behaviour
//	#include "sdk/onstream.h"
//
//	ONSTREAM_PROCESS(in) { // is called with batches of records
//		os_out *out = os_begin(in->rows);
//		for (uint32_t row = 0; row < in->rows; row++) {
//			if (os_value(in, row).len > 10) os_add(out, row); // goes on as it came; the others are dropped
//		}
//		return os_return(out);
//	}
//
// README.md has the rest. Texts (os_text) that a function is given or returns are views: those into a frame are valid during the
// call, those of os_get, os_get_many and os_http until the next of them. What is to be kept longer is copied with os_keep.
#ifndef ONSTREAM_H
#define ONSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "onstream/text.h"
#include "onstream/host.h"
#include "onstream/memory.h"
#include "onstream/frame.h"
#include "onstream/records.h"
#include "onstream/columns.h"
#include "onstream/state.h"
#include "onstream/settings.h"
#include "onstream/http.h"
#include "onstream/number.h"
#include "onstream/json.h"
#include "onstream/module.h"

#endif
