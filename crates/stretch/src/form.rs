//! Lengths that the stretch works with, found by comparing word errors and spectra of speech
//! (docs/performance.md).

/// Shortest and longest jump, in seconds: of one period of a low voice and of two of a high one
/// up to as much as is neither missed nor heard as an echo.
const LAG: [f64; 2] = [0.008, 0.024];
/// How far the output may drift before a good place for a jump is looked for, in seconds.
const DRIFT: f64 = 0.008;
/// How far it may drift before a jump is made at the best place there is.
const LATEST: f64 = 0.014;
/// What has to be alike at both ends of a jump.
const TEMPLATE: f64 = 0.008;
/// How long the two are faded into each other.
const FADE: f64 = 0.010;
/// How long to wait before looking again.
const RETRY: f64 = 0.001;
/// Samples per second that are enough to find about the right lag.
const COARSE: f64 = 8_000.0;

/// Lengths at one sample rate, in samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    pub(crate) drift: usize,
    pub(crate) latest: usize,
    pub(crate) template: usize,
    pub(crate) fade: usize,
    pub(crate) retry: usize,
    /// Of so many samples and lags one is enough at first.
    pub(crate) coarse: usize,
}

impl Form {
    pub(crate) fn of(sample_rate: u32) -> Self {
        let samples = |seconds: f64| ((seconds * f64::from(sample_rate)).round() as usize).max(1);
        Self {
            shortest: samples(LAG[0]),
            longest: samples(LAG[1]),
            drift: samples(DRIFT),
            latest: samples(LATEST),
            template: samples(TEMPLATE),
            fade: samples(FADE),
            retry: samples(RETRY),
            coarse: ((f64::from(sample_rate) / COARSE).round() as usize).max(1),
        }
    }

    /// What has to follow a place for its sound to be compared and faded.
    pub(crate) fn reach(self) -> usize {
        self.template.max(self.fade)
    }
}
