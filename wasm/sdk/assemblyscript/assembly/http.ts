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
   * Makes the request, once, and waits for the answer, which counts as time of the call; null where there was none, and error says why. The
   * request is made when this is called, whether the call takes effect or not, and so again where its batch is divided.
   */
  send(): Response | null {
    settings.frame(frame.clear());
    if (!buffer.length) buffer.room(4096);
    let n = host.httpRequest(frame.ptr, frame.length, buffer.ptr, buffer.length);
    if (n > buffer.length) {
      buffer.room(n - buffer.length);
      n = host.httpRequest(frame.ptr, 0, buffer.ptr, buffer.length);
    }
    if (n < HEADER_SIZE) abort("the host gives no answer");
    answer.parse(buffer.ptr);
    return answer.int("status") ? response : null;
  }

  /** Why send has returned null. */
  get error(): Bytes {
    return answer.text("error");
  }
}

/** The answer to a request, of any status. It is valid until the next one. */
@final
export class Response {
  /** The status, such as 200. */
  get status(): i32 {
    return <i32>answer.int("status");
  }

  /** The body. */
  get body(): Bytes {
    return answer.text("body");
  }

  /** The first header of a name, written as in Content-Type; null where there is none. */
  header(name: string): Bytes | null {
    const full = "header." + name;
    return answer.has(full) ? answer.text(full) : null;
  }
}

const response = new Response();
