//! How much work is done in a second.

/// Seconds of work before anything is measured: compilers optimise what runs for a while.
const WARM_UP: f64 = 0.05;
/// Seconds of one measurement: far more than a step of a page's clock.
const LONG_ENOUGH: f64 = 0.01;
/// Measurements of which the best counts: other programs interrupt the others.
const MEASUREMENTS: usize = 7;

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
}
