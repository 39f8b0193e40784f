// Requests of HTTP, for modules whose stage grants them the host.
#ifndef ONSTREAM_HTTP_H
#define ONSTREAM_HTTP_H

#include "records.h"
#include "settings.h"

// os_request is a request to a host that the manifest asks for in grants and the stage grants.
typedef struct os_request {
	os_text url;
	os_text method; // GET unless given
	const os_pair *headers;
	uint16_t header_count;
	os_text body;
} os_request;

// os_response is the answer: of any status, or why there is none. It is valid until the next read of a value or answer.
typedef struct os_response {
	int64_t status;
	os_text body;
	os_text error; // where os_http has returned false
	os_frame frame;
} os_response;

// os_http makes a request, and waits for the answer, which counts as time of the call. It returns false where there was none. The request is
// made when this is called, whether the call takes effect or not, and so again where its batch is divided.
bool os_http(const os_request *r, os_response *response);

// os_response_header returns the first header of a name, written as in Content-Type; its place is NULL where there is none.
os_text os_response_header(const os_response *r, os_text name);

#endif
