//! When to look again. Few calls, and a verdict within a second of ECS's. Pure.

use std::time::Duration;

/// When the end may be near.
const NEAR: Duration = Duration::from_secs(1);
/// While something happens, or when the budget of looks is used up.
const STEADY: Duration = Duration::from_secs(2);
/// Looks that may be made at once, and how many seconds each further one takes to earn: 150 in four minutes.
const CREDIT: f64 = 28.0;
const SECONDS_A_LOOK: f64 = 2.0;
/// Small services are replaced in seconds.
const BEGINNING: f64 = 15.0;

#[derive(Debug)]
pub(crate) struct Pace {
    ceiling: Duration,
    looks: u32,
    /// A number that differs from run to run, so that ten rollouts do not look all at once.
    seed: u32,
}

impl Pace {
    pub(crate) fn new(ceiling: Duration, seed: u32) -> Self {
        Self { ceiling, looks: 0, seed }
    }

    /// The time until the next look, `at` seconds after the first.
    pub(crate) fn next(&mut self, at: f64, near: bool, moving: bool) -> Duration {
        self.looks += 1;
        let earned = CREDIT + at / SECONDS_A_LOOK;
        let wanted = if near || at < BEGINNING {
            if f64::from(self.looks) < earned { NEAR } else { STEADY }
        } else if moving {
            STEADY
        } else {
            self.jittered()
        };
        wanted.min(self.ceiling)
    }

    /// Up to a tenth shorter than the ceiling. (A linear congruential step is random enough to spread looks.)
    fn jittered(&mut self) -> Duration {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let tenth = f64::from(self.seed >> 16) / 65_536.0 / 10.0;
        self.ceiling.mul_f64(1.0 - tenth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks `seconds` take when the end is near from `near_from` on.
    fn looks(seconds: f64, near_from: f64) -> u32 {
        let mut pace = Pace::new(Duration::from_secs(5), 7);
        let mut at = 0.0;
        let mut looks = 0;
        while at < seconds {
            looks += 1;
            at += pace.next(at, at >= near_from, true).as_secs_f64();
        }
        looks
    }

    #[test]
    fn a_rollout_of_four_minutes_takes_at_most_150_looks() {
        for near_from in [0.0, 30.0, 60.0, 120.0, 200.0, 999.0] {
            assert!(looks(240.0, near_from) <= 150, "{near_from}: {}", looks(240.0, near_from));
        }
    }

    #[test]
    fn the_end_is_looked_for_each_second() {
        let mut pace = Pace::new(Duration::from_secs(5), 1);
        assert_eq!(pace.next(100.0, true, true), Duration::from_secs(1));
    }

    #[test]
    fn the_ceiling_holds() {
        let mut pace = Pace::new(Duration::from_millis(100), 1);
        assert_eq!(pace.next(100.0, true, true), Duration::from_millis(100));
        let mut pace = Pace::new(Duration::from_secs(5), 1);
        let far = pace.next(100.0, false, false);
        assert!((Duration::from_millis(4500)..=Duration::from_secs(5)).contains(&far), "{far:?}");
    }
}
