//! When to look again. Few calls, and a verdict within a second of ECS's. Pure.

use std::time::Duration;

/// When the end may be near, or something has just changed.
const NEAR: Duration = Duration::from_secs(1);
/// When the end has been near for a while: four minutes are to cost 150 calls at most, those besides the looks included.
const PATIENT: Duration = Duration::from_millis(1500);
/// While something happens, or when the budget of looks is used up.
const STEADY: Duration = Duration::from_secs(2);
/// So many seconds after a change the next one is thought near.
const FRESH: f64 = 8.0;
/// Looks that may be made at once, and how many seconds each further one takes to earn: 150 in four minutes.
const CREDIT: f64 = 28.0;
const SECONDS_A_LOOK: f64 = 2.0;
/// Small services are replaced in seconds.
const BEGINNING: f64 = 20.0;

#[derive(Debug)]
pub(crate) struct Pace {
    ceiling: Duration,
    looks: u32,
    last: Sight,
    changed_at: f64,
    most_others: i32,
    /// A number that differs from run to run, so that ten rollouts do not look all at once.
    seed: u32,
}

/// What a look saw, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The judge expects an end.
    pub(crate) near: bool,
    /// All of our tasks run.
    pub(crate) full: bool,
    /// Tasks of ours that run.
    pub(crate) ours: i32,
    /// Running tasks of other deployments, where ours cannot end before they go.
    pub(crate) others: i32,
}

impl Pace {
    pub(crate) fn new(ceiling: Duration, seed: u32) -> Self {
        let last = Sight::default();
        Self { ceiling, looks: 0, last, changed_at: 0.0, most_others: 0, seed }
    }

    /// The time until the next look, `at` seconds after the first.
    pub(crate) fn next(&mut self, at: f64, sight: Sight) -> Duration {
        self.looks += 1;
        if sight != self.last {
            (self.last, self.changed_at) = (sight, at);
        }
        self.most_others = self.most_others.max(sight.others);
        // A deployment that replaces others task by task does not end before the first of them goes.
        let all_others_stay = sight.full && sight.others > 0 && sight.others == self.most_others;
        let wanted = if at - self.changed_at < FRESH {
            NEAR
        } else if sight.near && !all_others_stay {
            PATIENT
        } else if at < BEGINNING || sight.ours > 0 && !all_others_stay {
            STEADY
        } else {
            self.jittered()
        };
        let affordable = f64::from(self.looks) < CREDIT + at / SECONDS_A_LOOK;
        wanted.max(if affordable { NEAR } else { STEADY }).min(self.ceiling)
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

    /// How many looks `seconds` take, and the pause before the last one.
    fn looks(seconds: f64, see: impl Fn(f64) -> Sight) -> (u32, Duration) {
        let mut pace = Pace::new(Duration::from_secs(5), 7);
        let (mut at, mut looks, mut pause) = (0.0, 0, Duration::ZERO);
        while at < seconds {
            looks += 1;
            pause = pace.next(at, see(at));
            at += pause.as_secs_f64();
        }
        (looks, pause)
    }

    #[test]
    fn a_rollout_of_four_minutes_takes_at_most_150_looks() {
        for near_from in [0.0, 30.0, 60.0, 120.0, 200.0, 999.0] {
            let see = |at| Sight { near: at >= near_from, full: true, ours: 2, others: 0 };
            let (looks, _) = looks(240.0, see);
            assert!(looks <= 150, "{near_from}: {looks}");
            // Tasks that come and go all the time.
            let (looks, _) = looks_of_a_busy_service(near_from);
            assert!(looks <= 150, "{near_from}: {looks}");
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "seconds of a test")]
    fn looks_of_a_busy_service(near_from: f64) -> (u32, Duration) {
        looks(240.0, |at| Sight { near: at >= near_from, full: false, ours: at as i32, others: 2 })
    }

    #[test]
    fn replacing_slow_starters_leaves_room_for_the_other_calls() {
        for seconds in [30.0, 120.0, 240.0] {
            let (looks, last) = looks(seconds, |at| {
                let full = at >= seconds * 0.3;
                let draining = at >= seconds * 0.6;
                let (ours, others) = (if full { 2 } else { 0 }, if draining { 1 } else { 2 });
                Sight { near: full, full, ours, others }
            });
            assert!(looks <= 122, "{seconds}: {looks}");
            assert!(last <= PATIENT, "{seconds}: {last:?}");
        }
    }

    #[test]
    fn the_end_is_looked_for_each_second() {
        let mut pace = Pace::new(Duration::from_secs(5), 1);
        let sight = Sight { near: true, full: true, ours: 2, others: 0 };
        assert_eq!(pace.next(100.0, sight), Duration::from_secs(1));
    }

    #[test]
    fn the_ceiling_holds() {
        let mut pace = Pace::new(Duration::from_millis(100), 1);
        assert_eq!(pace.next(100.0, Sight::default()), Duration::from_millis(100));
        let mut pace = Pace::new(Duration::from_secs(5), 1);
        let far = pace.next(100.0, Sight::default());
        assert!((Duration::from_millis(4500)..=Duration::from_secs(5)).contains(&far), "{far:?}");
    }
}
