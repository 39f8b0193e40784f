//! A behaviour that keeps the rows whose number is positive.

use onstream::{Behaviour, Columns, Result, Selection, Settings};

const F: u32 = 0;

struct Positive;

impl Behaviour for Positive {
    type Input = Columns;
    type Output = Selection;

    fn open(_: &Settings) -> Result<Self> {
        Ok(Positive)
    }

    fn process(&mut self, columns: &Columns, out: &mut Selection) -> Result {
        let numbers = columns.floats(F);
        out.keep(|row| numbers[row as usize] > 0.0 && columns.is_valid(F, row));
        Ok(())
    }
}

onstream::behaviour!(Positive);
