import { Bytes } from "./bytes";

const found = new Bytes();

@inline
function isBlank(c: u8): bool {
  return c == 0x20 || c == 0x0a || c == 0x09 || c == 0x0d;
}

@inline
function skipBlanks(p: usize, end: usize): usize {
  while (p < end && isBlank(load<u8>(p))) p++;
  return p;
}

/** What is behind the string that begins at p, 0 where it does not end. */
function skipString(p: usize, end: usize): usize {
  for (p++; p < end; p++) {
    const c = load<u8>(p);
    if (c == 0x22) return p + 1; // "
    if (c == 0x5c) p++; // \
  }
  return 0;
}

function skipNested(p: usize, end: usize): usize {
  for (let depth = 0; p < end; p++) {
    const c = load<u8>(p);
    if (c == 0x22) {
      p = skipString(p, end);
      if (!p) return 0;
      p--;
    } else if (c == 0x7b || c == 0x5b) {
      depth++; // { [
    } else if (c == 0x7d || c == 0x5d) {
      if (!--depth) return p + 1; // } ]
    }
  }
  return 0;
}

/** What is behind the value that begins at p, 0 where it does not end. */
function skipValue(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const first = load<u8>(p);
  if (first == 0x22) return skipString(p, end);
  if (first == 0x7b || first == 0x5b) return skipNested(p, end);
  const begin = p;
  while (p < end) {
    const c = load<u8>(p);
    if (c == 0x2c || c == 0x7d || c == 0x5d || isBlank(c)) break;
    p++;
  }
  return p > begin ? p : 0;
}

/**
 * The value of a field of a JSON object as it is written, without blanks around it: a string with its quotes; null where there is none. It
 * looks at no more of the text than it must, so what it finds in a text that is not JSON is of no use. Of a field that is there twice
 * it is the first one. A name with escapes in the text is not found.
 */
export function field(object: Bytes, name: Bytes): Bytes | null {
  const end = object.ptr + object.length;
  let p = skipBlanks(object.ptr, end);
  if (p >= end || load<u8>(p) != 0x7b) return null; // {
  while (true) {
    p = skipBlanks(p + 1, end); // behind the brace or comma
    if (p >= end || load<u8>(p) != 0x22) return null; // "
    const key = p + 1;
    p = skipString(p, end);
    if (!p) return null;
    const length = <i32>(p - 1 - key);
    const is = length == name.length && memory.compare(key, name.ptr, length) == 0;
    p = skipBlanks(p, end);
    if (p >= end || load<u8>(p) != 0x3a) return null; // :
    p = skipBlanks(p + 1, end);
    const begin = p;
    p = skipValue(p, end);
    if (!p) return null;
    if (is) return found.set(begin, <i32>(p - begin));
    p = skipBlanks(p, end);
    if (p >= end || load<u8>(p) != 0x2c) return null; // ,
  }
}
