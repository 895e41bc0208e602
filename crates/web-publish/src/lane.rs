//! How many requests are in flight at once: fewer while S3 asks for patience, more again when it does not. Pure.

/// Below this a slow S3 is no reason to be slower still.
const NARROWEST: usize = 4;

#[derive(Debug)]
pub(crate) struct Lane {
    width: usize,
    widest: usize,
    /// How often a request had to be sent again, when last looked at.
    repeats: usize,
}

impl Lane {
    pub(crate) fn new(widest: usize, repeats: usize) -> Self {
        Self { width: widest, widest, repeats }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// After a handful of answers: halved where any of them had to be asked for again, else a little wider.
    pub(crate) fn adapt(&mut self, repeats: usize) {
        self.width = if repeats > self.repeats {
            (self.width / 2).max(NARROWEST.min(self.widest))
        } else {
            (self.width + self.width / 8 + 1).min(self.widest)
        };
        self.repeats = repeats;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_narrows_at_once_and_widens_slowly() {
        let mut lane = Lane::new(64, 0);
        let widths: Vec<usize> = [0, 3, 4, 9, 9, 9]
            .into_iter()
            .map(|repeats| {
                lane.adapt(repeats);
                lane.width()
            })
            .collect();
        assert_eq!(widths, [64, 32, 16, 8, 10, 12]);
        (10..99).for_each(|repeats| lane.adapt(repeats));
        assert_eq!(lane.width(), NARROWEST);
        (0..99).for_each(|_| lane.adapt(98));
        assert_eq!(lane.width(), 64);
        let mut one = Lane::new(1, 0);
        one.adapt(5);
        assert_eq!(one.width(), 1);
    }
}
