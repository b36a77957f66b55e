//! How much work is done in a second.

/// Seconds of work before anything is measured: compilers optimise what runs for a while.
const WARM_UP: f64 = 0.05;
/// Seconds of one measurement: far more than a step of a page's clock.
const LONG_ENOUGH: f64 = 0.01;
/// Measurements of which the best counts, or the middle one: other programs interrupt some of them.
const MEASUREMENTS: usize = 11;

/// Measures rates with a clock in seconds.
#[derive(Debug)]
pub struct RateMeter<N> {
    now: N,
}

impl<N: FnMut() -> f64> RateMeter<N> {
    /// With `now`, which gives the time in seconds.
    pub fn new(now: N) -> Self {
        Self { now }
    }

    /// Units of work a second, where `work` does some and returns how many.
    pub fn rate(&mut self, mut work: impl FnMut() -> f64) -> f64 {
        self.run(WARM_UP, &mut work);
        (0..MEASUREMENTS)
            .map(|_| self.run(LONG_ENOUGH, &mut work))
            .fold(0.0, f64::max)
    }

    /// As [`RateMeter::rate`], and the ratio of the rates of `work` and of `limit`: the middle one of
    /// measurements that alternate. A processor's clock changes from one second to the next, and other programs
    /// may run for long: both slow down the two sides of a ratio.
    pub fn rate_and_ratio(
        &mut self,
        mut work: impl FnMut() -> f64,
        mut limit: impl FnMut() -> f64,
    ) -> [f64; 2] {
        self.run(WARM_UP, &mut work);
        self.run(WARM_UP, &mut limit);
        let mut pairs = [(); MEASUREMENTS].map(|()| {
            let rate = self.run(LONG_ENOUGH, &mut work);
            [rate, rate / self.run(LONG_ENOUGH, &mut limit)]
        });
        let fastest = pairs.iter().map(|[rate, _]| *rate).fold(0.0, f64::max);
        pairs.sort_by(|[_, a], [_, b]| a.total_cmp(b));
        let [_, ratio] = pairs[MEASUREMENTS / 2];
        [fastest, ratio]
    }

    /// Works for at least so many seconds.
    fn run(&mut self, seconds: f64, work: &mut impl FnMut() -> f64) -> f64 {
        let start = (self.now)();
        let mut done = 0.0;
        loop {
            done += work();
            let time = (self.now)() - start;
            if time >= seconds {
                return done / time;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_rate_counts() {
        // Each call of the clock is a millisecond later; each second one is interrupted.
        let (mut time, mut calls) = (0.0, 0);
        let mut meter = RateMeter::new(|| {
            calls += 1;
            time += if calls % 100 == 0 { 0.5 } else { 1e-3 };
            time
        });
        let rate = meter.rate(|| 3.0);
        assert!((rate - 3000.0).abs() < 1.0, "{rate}");
    }

    #[test]
    fn a_slower_clock_changes_no_ratio() {
        // After 0.2 s everything takes twice as long.
        let time = std::cell::Cell::new(0.0);
        let works = |seconds: f64| {
            time.set(
                time.get()
                    + if time.get() < 0.2 {
                        seconds
                    } else {
                        2.0 * seconds
                    },
            );
            1.0
        };
        let mut meter = RateMeter::new(|| time.get());
        let [rate, ratio] = meter.rate_and_ratio(|| works(1e-3), || works(0.5e-3));
        assert!((rate - 1000.0).abs() < 50.0, "{rate}");
        assert!((ratio - 0.5).abs() < 0.05, "{ratio}");
    }
}
