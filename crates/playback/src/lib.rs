//! The time-stretch for a page's audio thread.
//!
//! An audio worklet has neither `fetch` nor the text decoders that wasm-bindgen's glue code needs,
//! so this is a module of its own, of a few kilobytes, with plain functions. An instance has one
//! stream. Samples pass through two buffers: the worklet writes [`input`] and calls [`push`], reads
//! [`output`] up to [`ready`] samples, and calls [`take`]. The buffers move when memory grows, so
//! their addresses are asked for each time.
#![allow(
    unsafe_code,
    reason = "a module without glue code exports its functions by name"
)]

use std::cell::RefCell;

use stretch::{Speed, Stretch};

/// Capacity of [`input`] in samples.
const MOST_PUSHED: usize = 256;

struct StretchedStream {
    stretch: Stretch,
    input: [f32; MOST_PUSHED],
    output: Vec<f32>,
    /// Samples of `output` that have been taken.
    taken: usize,
}

thread_local! {
    static STREAM: RefCell<StretchedStream> = RefCell::new(StretchedStream {
        stretch: Stretch::new(48_000, Speed::ONE),
        input: [0.0; MOST_PUSHED],
        output: Vec::new(),
        taken: 0,
    });
}

fn with<T>(work: impl FnOnce(&mut StretchedStream) -> T) -> T {
    STREAM.with_borrow_mut(work)
}

/// Starts a new stream, with speech of `sample_rate` samples per second.
#[unsafe(no_mangle)]
pub extern "C" fn start(sample_rate: u32) {
    with(|stream| {
        stream.stretch = Stretch::new(sample_rate, stream.stretch.speed());
        stream.output.clear();
        stream.taken = 0;
    });
}

/// The speed of the following samples; the page has checked it.
#[unsafe(no_mangle)]
pub extern "C" fn set_speed(speed: f64) {
    if let Ok(speed) = Speed::new(speed) {
        with(|stream| stream.stretch.set_speed(speed));
    }
}

/// How many samples may be pushed at once.
#[unsafe(no_mangle)]
pub extern "C" fn block() -> usize {
    MOST_PUSHED
}

/// Address at which samples to be pushed are written.
#[unsafe(no_mangle)]
pub extern "C" fn input() -> *const f32 {
    with(|stream| stream.input.as_ptr())
}

/// Takes `count` samples from the input.
#[unsafe(no_mangle)]
pub extern "C" fn push(count: usize) {
    with(|stream| {
        let samples = &stream.input[..count.min(MOST_PUSHED)];
        stream.stretch.push(samples, &mut stream.output);
    });
}

/// Makes everything available that is held back: nothing follows.
#[unsafe(no_mangle)]
pub extern "C" fn flush() {
    with(|stream| stream.stretch.flush(&mut stream.output));
}

/// Samples of the input that are held back.
#[unsafe(no_mangle)]
pub extern "C" fn held() -> usize {
    with(|stream| stream.stretch.waiting())
}

/// Samples that can be taken.
#[unsafe(no_mangle)]
pub extern "C" fn ready() -> usize {
    with(|stream| stream.output.len() - stream.taken)
}

/// Their address.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const f32 {
    with(|stream| stream.output[stream.taken..].as_ptr())
}

/// Tells that `count` samples were taken.
#[unsafe(no_mangle)]
pub extern "C" fn take(count: usize) {
    with(|stream| {
        stream.taken = stream.output.len().min(stream.taken + count);
        // Memory is moved only now and then.
        if stream.taken == stream.output.len() || stream.taken >= 16 * MOST_PUSHED {
            stream.output.drain(..stream.taken);
            stream.taken = 0;
        }
    });
}

/// Samples of the input that the taken samples stand for.
#[unsafe(no_mangle)]
pub extern "C" fn position() -> f64 {
    with(|stream| {
        let left = (stream.output.len() - stream.taken) as f64;
        let speed = stream.stretch.speed();
        stream.stretch.position() - speed.input_position(left)
    })
}
