import { Bytes } from "./bytes";
import { BYTES, HEADER_SIZE, STRING } from "./frame";
import * as host from "./host";
import { Settings, SettingsWriter } from "./settings";
import { Writer } from "./writer";

const buffer = new Writer();
const frame = new Writer();
const settings = new SettingsWriter();
const answer = new Settings();

/** A request to a host that the manifest asks for in grants and the stage grants. There is one at a time: make it, send it. */
@final
export class Request {
  constructor(url: string, method: string = "GET") {
    settings.clear();
    settings.begin("url", STRING).text(url);
    settings.begin("method", STRING).text(method);
  }

  /** Adds a header. */
  header(name: string, value: string): Request {
    settings.begin("header." + name, STRING).text(value);
    return this;
  }

  /** Sets the body. */
  body(b: Bytes): Request {
    settings.begin("body", BYTES).add(b);
    return this;
  }

  /**
   * Makes the request, once, and waits for the answer, which counts as time of the call. The request is made whether the call takes
   * effect or not, and so again where its batch is divided. The answer is valid until the next one: it has the int "status", the
   * text "body", and texts "header.NAME"; the status is 0 and "error" says why, where there was none.
   */
  send(): Settings {
    settings.frame(frame.clear());
    if (!buffer.length) buffer.room(4096);
    let n = host.httpRequest(frame.ptr, frame.length, buffer.ptr, buffer.length);
    if (n > buffer.length) {
      buffer.room(n - buffer.length);
      n = host.httpRequest(frame.ptr, 0, buffer.ptr, buffer.length);
    }
    if (n < HEADER_SIZE) abort("the host gives no answer");
    return answer.parse(buffer.ptr);
  }
}
