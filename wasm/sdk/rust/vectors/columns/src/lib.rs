//! A behaviour that returns its columns as they are, of the rows that are to be kept.

use onstream::{Behaviour, Columns, Result, Results, Settings};

const B: u32 = 0;
const I: u32 = 1;
const F: u32 = 2;
const S: u32 = 3;
const Y: u32 = 4;
const T: u32 = 5;
const D: u32 = 6;
const KEEP: u32 = 8;

struct Echo;

impl Behaviour for Echo {
    type Input = Columns;
    type Output = Results;

    fn open(_: &Settings) -> Result<Self> {
        Ok(Echo)
    }

    fn process(&mut self, columns: &Columns, out: &mut Results) -> Result {
        let nulls = |out: &mut Results, field| {
            if columns.validity(field).is_some() {
                out.valid(|row| columns.is_valid(field, row));
            }
        };
        let (b, i, f) = (columns.bools(B), columns.ints(I), columns.floats(F));
        out.bools(B, |row| b[row as usize] != 0);
        nulls(out, B);
        out.ints(I, |row| i[row as usize]);
        nulls(out, I);
        out.floats(F, |row| f[row as usize]);
        nulls(out, F);
        let (s, y) = (columns.texts(S), columns.texts(Y));
        out.strings(S, |row| s.get(row));
        nulls(out, S);
        out.bytes(Y, |row| y.get(row));
        nulls(out, Y);
        let (t, d) = (columns.ints(T), columns.ints(D));
        out.times(T, |row| t[row as usize]);
        nulls(out, T);
        out.durations(D, |row| d[row as usize]);
        nulls(out, D);
        let keep = columns.bools(KEEP);
        out.keep(|row| keep[row as usize] != 0);
        Ok(())
    }
}

onstream::behaviour!(Echo);
