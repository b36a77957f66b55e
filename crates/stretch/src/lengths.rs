//! Lengths used by the stretch, found by comparing word errors and spectra of speech
//! (docs/performance.md).

/// Shortest and longest jump, in seconds: from one period of a low voice (two of a high one) to a
/// length whose loss is not noticed, and whose repetition is not heard as an echo.
const LAG: [f64; 2] = [0.008, 0.024];
/// Drift of the output from which on the stretch looks for a good place for a jump, in seconds.
const DRIFT: f64 = 0.008;
/// Drift at which a jump is made at the best place available.
const LATEST: f64 = 0.014;
/// Length that is compared at both ends of a jump.
const TEMPLATE: f64 = 0.008;
/// Length of the cross-fade.
const CROSS_FADE: f64 = 0.010;
/// Wait before looking again.
const RETRY: f64 = 0.001;
/// Sample rate that is enough for a coarse search of the lag.
const COARSE: f64 = 8_000.0;

/// Lengths at one sample rate, in samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    pub(crate) drift: usize,
    pub(crate) latest: usize,
    pub(crate) template: usize,
    pub(crate) fade: usize,
    pub(crate) retry: usize,
    /// The coarse search compares every n-th sample and lag.
    pub(crate) coarse: usize,
}

impl Lengths {
    pub(crate) fn of(sample_rate: u32) -> Self {
        let samples = |seconds: f64| ((seconds * f64::from(sample_rate)).round() as usize).max(1);
        Self {
            shortest: samples(LAG[0]),
            longest: samples(LAG[1]),
            drift: samples(DRIFT),
            latest: samples(LATEST),
            template: samples(TEMPLATE),
            fade: samples(CROSS_FADE),
            retry: samples(RETRY),
            coarse: ((f64::from(sample_rate) / COARSE).round() as usize).max(1),
        }
    }

    /// Samples that must follow a place so that it can be compared and faded.
    pub(crate) fn reach(self) -> usize {
        self.template.max(self.fade)
    }
}
