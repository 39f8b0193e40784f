//! JSON, as much of it as is needed: the fields of an object one after the other, without copies.
//!
//! Names are without quotes, as they are written: with escapes, if they have some. Values are the text of the value: a string has its quotes.
//! What is inside of a value is not looked at, so text that is not JSON may give fields all the same.

use crate::number;

/// The fields of an object; of anything else there are none.
pub fn fields(object: &[u8]) -> Fields<'_> {
    let at = skip_space(object, 0);
    if object.get(at) != Some(&b'{') {
        return Fields { text: &[], at: 0 };
    }
    Fields { text: object, at: skip_space(object, at + 1) }
}

/// The value of a field.
#[inline]
pub fn find<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    fields(object).find(|f| is(f.0, name)).map(|f| f.1)
}

/// Reports whether a text is this one. It is `text == name.as_bytes()`, which compilers make a call of that goes byte by byte.
#[inline(always)]
pub fn is(text: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    if text.len() != name.len() {
        return false;
    }
    let mut at = 0;
    while at + 8 <= name.len() {
        if word::<8>(text, at) != word::<8>(name, at) {
            return false;
        }
        at += 8;
    }
    match name.len() {
        n if n >= 8 => word::<8>(text, n - 8) == word::<8>(name, n - 8),
        n if n >= 4 => word::<4>(text, 0) == word::<4>(name, 0) && word::<4>(text, n - 4) == word::<4>(name, n - 4),
        _ => text.iter().eq(name),
    }
}

#[inline(always)]
fn word<const N: usize>(text: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes[..N].copy_from_slice(&text[at..at + N]);
    u64::from_le_bytes(bytes)
}

/// A field that is a number.
pub fn number(object: &[u8], name: &str) -> Option<f64> {
    number::parse(find(object, name)?)
}

/// Appends a text as a JSON string.
pub fn write_string(to: &mut Vec<u8>, text: &[u8]) {
    to.push(b'"');
    for &c in text {
        match c {
            b'"' | b'\\' => to.extend_from_slice(&[b'\\', c]),
            0..=0x1f => {
                to.extend_from_slice(b"\\u00");
                to.push(b"0123456789abcdef"[c as usize >> 4]);
                to.push(b"0123456789abcdef"[c as usize & 15]);
            }
            _ => to.push(c),
        }
    }
    to.push(b'"');
}

/// Goes over the fields of an object: names and values.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let text = self.text;
        let name = self.at + 1;
        self.at = text.len(); // unless a field is found
        if text.get(name - 1) != Some(&b'"') {
            return None;
        }
        let end = string_end(text, name)?;
        let colon = skip_space(text, end + 1);
        if text.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_space(text, colon + 1);
        let behind = value_end(text, value)?;
        let mut at = skip_space(text, behind);
        if text.get(at) == Some(&b',') {
            at = skip_space(text, at + 1);
        }
        self.at = at;
        Some((&text[name..end], &text[value..behind]))
    }
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\n' | b'\t' | b'\r')
}

/// Most JSON that machines write has no space, so it is asked before there is a loop.
#[inline(always)]
fn skip_space(text: &[u8], at: usize) -> usize {
    if at < text.len() && text[at] > b' ' {
        return at;
    }
    skip_spaces(text, at)
}

#[cold]
fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && is_space(text[at]) {
        at += 1;
    }
    at
}

/// The place of the quote that ends a string.
#[inline]
fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = quote_or_escape(text, at)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The first place of a quote or a backslash.
#[inline]
fn quote_or_escape(text: &[u8], mut at: usize) -> Option<usize> {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    {
        use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, v128_load, v128_or};
        let (quote, escape) = (i8x16_splat(b'"' as i8), i8x16_splat(b'\\' as i8));
        while at + 16 <= text.len() {
            let block = unsafe { v128_load(text.as_ptr().add(at).cast()) };
            let found = i8x16_bitmask(v128_or(i8x16_eq(block, quote), i8x16_eq(block, escape)));
            if found != 0 {
                return Some(at + found.trailing_zeros() as usize);
            }
            at += 16;
        }
    }
    while at < text.len() {
        if text[at] == b'"' || text[at] == b'\\' {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The place behind a value.
#[inline]
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => Some(string_end(text, at + 1)? + 1),
        b'{' | b'[' => nested_end(text, at),
        _ => {
            let end = plain_end(text, at);
            if end == at {
                return None;
            }
            Some(end)
        }
    }
}

/// The place behind a number, true, false or null.
#[inline]
fn plain_end(text: &[u8], mut at: usize) -> usize {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    {
        use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, u8x16_le, u8x16_splat, v128_load, v128_or};
        let (space, comma, brace) = (u8x16_splat(b' '), i8x16_splat(b',' as i8), i8x16_splat(b'}' as i8));
        while at + 16 <= text.len() {
            let block = unsafe { v128_load(text.as_ptr().add(at).cast()) };
            let found = i8x16_bitmask(v128_or(u8x16_le(block, space), v128_or(i8x16_eq(block, comma), i8x16_eq(block, brace))));
            if found != 0 {
                return at + found.trailing_zeros() as usize;
            }
            at += 16;
        }
    }
    while at < text.len() && text[at] != b',' && text[at] != b'}' && text[at] > b' ' {
        at += 1;
    }
    at
}

fn nested_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    while at < text.len() {
        match text[at] {
            b'"' => at = string_end(text, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_fields_of_the_object_alone() {
        let text = br#"{ "a\"":"}\\", "b" : {"t":[1,"]"]}, "t":-2.5e1 , "long name of a field":"a value that is longer than sixteen"}"#;
        assert_eq!(number(text, "t"), Some(-25.0));
        assert_eq!(find(text, "b"), Some(&br#"{"t":[1,"]"]}"#[..]));
        assert_eq!(find(text, "long name of a field"), Some(&br#""a value that is longer than sixteen""#[..]));
        assert_eq!(fields(text).count(), 4);
    }

    #[test]
    fn ends_where_the_text_does() {
        let text = br#"{"a":"b\"","c":[{"d":"e"}],"f":1.5}"#;
        for n in 0..text.len() {
            assert!(fields(&text[..n]).count() <= 3);
            assert_eq!(number(&text[..n], "t"), None);
        }
        for text in ["[1]", "", "{}", r#"{"t":}"#, r#"{"t"}"#, r#"{"a":"#] {
            assert_eq!(number(text.as_bytes(), "t"), None, "{}", text);
        }
    }

    #[test]
    fn escapes() {
        let mut text = Vec::new();
        write_string(&mut text, b"a\"\\\n\x1f");
        assert_eq!(text, br#""a\"\\\u000a\u001f""#);
    }
}
