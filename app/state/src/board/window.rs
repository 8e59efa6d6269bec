//! The part of a long column that is shown. Thousands of cards would only be scrolled past.

use domain::status::Status;

/// The number of cards that a column shows at first, and adds each time somebody asks.
const STEP: usize = 100;

/// The number of cards that a column of finished tasks shows at first: the latest.
const FINISHED: usize = 50;

/// The steps asked for beyond that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The number of steps by column.
    steps: Vec<(Status, usize)>,
}

impl Model {
    /// The number of cards that a column shows.
    pub fn size(&self, column: &Status) -> usize {
        let first = if column.is_finished() { FINISHED } else { STEP };
        let steps = self.steps.iter().find(|(it, _)| it == column);
        first.saturating_add(steps.map_or(0, |(_, steps)| steps.saturating_mul(STEP)))
    }

    /// Shows more of a column.
    pub fn open(&mut self, column: Status) {
        match self.steps.iter_mut().find(|(it, _)| *it == column) {
            Some((_, steps)) => *steps = steps.saturating_add(1),
            None => self.steps.push((column, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_grows_by_hundreds() {
        let mut model = Model::default();
        assert_eq!(model.size(&Status::Ready), 100);
        assert_eq!(model.size(&Status::Done), 50);
        model.open(Status::Done);
        model.open(Status::Done);
        assert_eq!(model.size(&Status::Done), 250);
        assert_eq!(model.size(&Status::Ready), 100);
    }
}
