import { Bytes } from "./bytes";

/** The powers of ten that a float holds exactly. */
export const POWERS: StaticArray<f64> = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

@inline
function isDigit(c: u8): bool {
  return c - 0x30 <= 9;
}

/** A JSON number, as field returns it; NaN for what is none. Those of up to 19 digits, with an exponent of up to 22, cost no memory. */
export function number(text: Bytes): f64 {
  const end = text.ptr + text.length;
  let p = text.ptr;
  const negative = p < end && load<u8>(p) == 0x2d; // -
  if (negative) p++;
  const begin = p;
  let digits: u64 = 0;
  for (; p < end && isDigit(load<u8>(p)); p++) digits = digits * 10 + (load<u8>(p) - 0x30);
  let n = <i32>(p - begin);
  if (!n || (n > 1 && load<u8>(begin) == 0x30)) return NaN;
  let exponent = 0;
  if (p < end && load<u8>(p) == 0x2e) { // .
    const point = ++p;
    for (; p < end && isDigit(load<u8>(p)); p++) digits = digits * 10 + (load<u8>(p) - 0x30);
    const decimals = <i32>(p - point);
    if (!decimals) return NaN;
    n += decimals;
    exponent = -decimals;
  }
  if (p < end) {
    if ((load<u8>(p) | 0x20) != 0x65) return NaN; // e
    p++;
    const down = p < end && load<u8>(p) == 0x2d;
    if (p < end && (down || load<u8>(p) == 0x2b)) p++;
    if (p == end) return NaN;
    let e = 0;
    for (; p < end; p++) {
      if (!isDigit(load<u8>(p))) return NaN;
      e = min(e * 10 + (load<u8>(p) - 0x30), 100000);
    }
    exponent += down ? -e : e;
  }
  let v: f64;
  if (n <= 19 && exponent >= -22 && exponent <= 22) {
    v = scaled(digits, exponent);
    if (negative) v = -v;
  } else {
    v = parseFloat(text.toString());
  }
  return isFinite(v) ? v : NaN;
}

/** digits * 10^exponent, up to 22 of it. Where the digits do not fit into a float, what is left of them counts in a second one, as in T. J. Dekker's (1971). */
export function scaled(digits: u64, exponent: i32): f64 {
  const high = <f64>digits;
  const power = unchecked(POWERS[exponent < 0 ? -exponent : exponent]);
  if (digits <= 9007199254740992) return exponent < 0 ? high / power : high * power;
  const low = <f64>(<i64>(digits - <u64>high));
  if (exponent >= 0) {
    const product = high * power;
    return product + (lost(high, power, product) + low * power);
  }
  const quotient = high / power;
  const product = quotient * power;
  return quotient + (high - product - lost(quotient, power, product) + low) / power;
}

/** The whole number nearest to v * 10^exponent, which is below 10^18. */
export function rounded(v: f64, exponent: i32): u64 {
  const power = unchecked(POWERS[exponent]);
  const product = v * power, whole = Math.floor(product);
  return <u64>(<i64>whole + <i64>Math.floor(product - whole + lost(v, power, product) + 0.5));
}

/** What a product has lost by rounding. */
function lost(a: f64, b: f64, product: f64): f64 {
  const a1 = upper(a), a2 = a - a1, b1 = upper(b), b2 = b - b1;
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2;
}

/** The upper half of the digits of a float. */
@inline
function upper(v: f64): f64 {
  const t = v * 134217729; // 2^27 + 1
  return t - (t - v);
}

/** Whether a text is a whole number of 64 bits. */
export function isInteger(text: Bytes): bool {
  const negative = text.length > 0 && text.at(0) == 0x2d;
  const begin = <i32>negative;
  if (text.length == begin || text.length - begin > 19) return false;
  for (let i = begin; i < text.length; i++) {
    if (!isDigit(text.at(i))) return false;
  }
  return magnitude(text, begin) <= <u64>i64.MAX_VALUE + <u64>begin;
}

/** A whole number; it has to be one. */
export function integer(text: Bytes): i64 {
  const negative = text.length > 0 && text.at(0) == 0x2d;
  const v = magnitude(text, <i32>negative);
  return negative ? -v : v;
}

function magnitude(text: Bytes, begin: i32): u64 {
  let v: u64 = 0;
  for (let i = begin; i < text.length; i++) v = v * 10 + (text.at(i) - 0x30);
  return v;
}
