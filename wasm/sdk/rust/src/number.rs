//! Numbers as decimal text, to and from.

use std::io::Write;

const POWERS: [f64; 23] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

/// Reads all of a text as a number as JSON has it.
pub fn parse(text: &[u8]) -> Option<f64> {
    let digits = |mut at: usize, n: &mut u64| {
        while at < text.len() && text[at].is_ascii_digit() {
            *n = n.wrapping_mul(10).wrapping_add((text[at] - b'0') as u64);
            at += 1;
        }
        at
    };
    let negative = text.first() == Some(&b'-');
    let whole = negative as usize;
    let mut n = 0;
    let mut at = digits(whole, &mut n);
    let mut count = at - whole;
    if count == 0 || text[whole] == b'0' && count > 1 {
        return None;
    }
    let mut decimals = 0;
    if at < text.len() && text[at] == b'.' {
        let end = digits(at + 1, &mut n);
        decimals = end - at - 1;
        if decimals == 0 {
            return None;
        }
        count += decimals;
        at = end;
    }
    // A number of up to 15 digits divided by a power of ten that is exact is rounded once, so it is right (Clinger 1990).
    if at == text.len() && count <= 15 && decimals < POWERS.len() {
        let v = n as f64 / POWERS[decimals];
        return Some(if negative { -v } else { v });
    }
    if at < text.len() {
        if text[at] | 0x20 != b'e' {
            return None;
        }
        at += 1;
        if at < text.len() && (text[at] == b'-' || text[at] == b'+') {
            at += 1;
        }
        let end = digits(at, &mut n);
        if end == at || end != text.len() {
            return None;
        }
    }
    let v: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if v.is_finite() {
        Some(v)
    } else {
        None
    }
}

/// Reads all of a text as an integer.
pub fn parse_int(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Appends an integer.
pub fn write_int(to: &mut Vec<u8>, v: i64) {
    if v < 0 {
        to.push(b'-');
    }
    write_uint(to, v.unsigned_abs());
}

/// Appends an integer that is not negative.
pub fn write_uint(to: &mut Vec<u8>, mut v: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (v % 10) as u8;
        v /= 10;
        if v == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[at..]);
}

/// Appends n / 10^decimals: all its decimals, or those up to the last that is not zero.
fn write_scaled(to: &mut Vec<u8>, n: u64, decimals: u32, all: bool) {
    let mut unit = 10u64.pow(decimals);
    write_uint(to, n / unit);
    let mut rest = n % unit;
    if unit == 1 || rest == 0 && !all {
        return;
    }
    to.push(b'.');
    while unit > 1 && (rest > 0 || all) {
        unit /= 10;
        to.push(b'0' + (rest / unit) as u8);
        rest %= unit;
    }
}

/// Appends a number with so many decimals, up to 9, rounded half away from zero. It is below 10^9.
pub fn write_fixed(to: &mut Vec<u8>, v: f64, decimals: u32) {
    if v < 0.0 {
        to.push(b'-');
    }
    write_scaled(to, (v.abs() * POWERS[decimals as usize] + 0.5) as u64, decimals, true);
}

/// Appends the shortest decimal that reads as the same number, without an exponent.
pub fn write(to: &mut Vec<u8>, v: f64) {
    // If an integer below 10^12, divided by 1000, is the number, then that decimal reads as it. As decimals of up to 15 digits read as
    // different numbers, there is no shorter one.
    if v.abs() < 1e9 {
        let n = (v.abs() * 1000.0 + 0.5) as u64;
        if n as f64 / 1000.0 == v.abs() {
            if v < 0.0 {
                to.push(b'-');
            }
            return write_scaled(to, n, 3, false);
        }
    }
    let shift = 1075 - (v.to_bits() >> 52 & 0x7ff) as i32;
    if (1..=113).contains(&shift) {
        return write_exact(to, v, shift);
    }
    write!(to, "{}", v).expect("memory takes all that is written");
}

/// Appends the shortest decimal of a number that is a mantissa divided by 2^shift. It is Steele and White's (1990): digits are made until what is
/// left of the number is nearer to it than half the distance to its neighbours. All of it is exact, and of two decimals that are
/// equally near it takes the even one, as Go and JavaScript do and the library of Rust does not.
fn write_exact(to: &mut Vec<u8>, v: f64, shift: i32) {
    const POINT: i32 = 124;
    const UNIT: u128 = 1 << POINT;
    if v < 0.0 {
        to.push(b'-');
    }
    let fraction = v.to_bits() & ((1 << 52) - 1);
    let mantissa = fraction | 1 << 52;
    let even = mantissa & 1 == 0;
    let whole = if shift < 53 { mantissa >> shift } else { 0 };
    write_uint(to, whole);
    let left = if shift < 53 { mantissa & ((1 << shift) - 1) } else { mantissa };
    if left == 0 {
        return;
    }
    to.push(b'.');
    let (mut rest, mut up) = ((left as u128) << (POINT - shift), 1u128 << (POINT - 1 - shift));
    let mut down = if fraction == 0 { up >> 1 } else { up }; // below a power of two the neighbour is nearer
    loop {
        let ten = |w: u128| (w << 3) + (w << 1);
        rest = ten(rest);
        up = ten(up);
        down = ten(down);
        let mut digit = (rest >> POINT) as u8;
        rest &= UNIT - 1;
        let low = if even { rest <= down } else { rest < down };
        let high = if even { rest + up >= UNIT } else { rest + up > UNIT };
        if low && high {
            let twice = rest << 1;
            digit += (twice > UNIT || twice == UNIT && digit & 1 == 1) as u8;
        } else {
            digit += high as u8;
        }
        to.push(b'0' + digit);
        if low || high {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_what_json_has() {
        for (text, want) in
            [("0", 0.0), ("-0.5", -0.5), ("80.45", 80.45), ("1e3", 1000.0), ("2.5E-3", 0.0025), ("12345678901234567890", 12345678901234567890.0)]
        {
            assert_eq!(super::parse(text.as_bytes()), Some(want), "{}", text);
        }
        for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "1x", " 1", "+1", "1e999", "inf", "NaN"] {
            assert_eq!(super::parse(text.as_bytes()), None, "{}", text);
        }
    }

    #[test]
    fn writes_the_shortest() {
        for v in [0.0, 1.0, -1.5, 176.81, 176.81000000000003, 0.1 + 0.2, 1e21, 123456789.125, 1e-7] {
            let mut text = Vec::new();
            super::write(&mut text, v);
            assert_eq!(text, format!("{}", v).as_bytes());
        }
    }

    #[test]
    fn rounds_halves_away_from_zero() {
        for (v, want) in [(0.0005, "0.001"), (-1.0, "-1.000"), (11.3842, "11.384"), (2.9996, "3.000")] {
            let mut text = Vec::new();
            super::write_fixed(&mut text, v, 3);
            assert_eq!(text, want.as_bytes());
        }
    }
}
