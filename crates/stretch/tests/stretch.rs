//! What a stretch keeps: samples at speed 1, pitch, silence and length; and that its bounds hold.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::f32::consts::TAU;

use proptest::prelude::*;
use stretch::{LARGEST_DRIFT, LONGEST_WAIT, Speed, Stretch};

const TEST_RATE: u32 = 24_000;
const TEST_SPEEDS: [f64; 9] = [0.5, 0.5001, 0.75, 0.9, 1.1, 1.25, 1.5, 1.999, 2.0];

fn speed(speed: f64) -> Speed {
    Speed::new(speed).unwrap()
}

fn in_one_go(samples: &[f32], speed: Speed) -> Vec<f32> {
    let mut stretch = Stretch::new(TEST_RATE, speed);
    let mut out = Vec::new();
    stretch.push(samples, &mut out);
    stretch.flush(&mut out);
    out
}

fn tone(hertz: f32, seconds: f32) -> Vec<f32> {
    let sample = |i| 0.5 * (TAU * hertz * i as f32 / TEST_RATE as f32).sin();
    (0..(seconds * TEST_RATE as f32) as usize)
        .map(sample)
        .collect()
}

/// Pulses that ring, as a throat does: `hertz` of them a second.
fn pulses(hertz: usize, seconds: f32) -> Vec<f32> {
    let period = TEST_RATE as usize / hertz;
    let ring = |since: usize| {
        let time = since as f32 / TEST_RATE as f32;
        (-time / 0.003).exp() * (TAU * 700.0 * time).cos()
    };
    let length = (seconds * TEST_RATE as f32) as usize;
    (0..length).map(|i| 0.5 * ring(i % period)).collect()
}

/// Voiced, unvoiced and silent stretches by turns.
fn speech(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed | 1;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let voice = pulses(110, 0.1);
    let sample = |i: usize| match (i / 1_700) % 4 {
        0 | 1 => voice[i % voice.len()] + 0.01 * noise(),
        2 => 0.1 * noise(),
        _ => 0.0,
    };
    (0..length).map(sample).collect()
}

/// The largest step from sample to sample.
fn steepest(samples: &[f32]) -> f32 {
    let steps = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    steps.fold(0.0, f32::max)
}

#[test]
fn speed_1_touches_nothing_and_waits_for_nothing() {
    let samples = speech(30_000, 7);
    let mut stretch = Stretch::new(TEST_RATE, Speed::ONE);
    let mut out = Vec::new();
    for (i, piece) in samples.chunks(777).enumerate() {
        stretch.push(piece, &mut out);
        assert_eq!(out.len(), samples.len().min(777 * (i + 1)));
    }
    stretch.flush(&mut out);
    let bits = |samples: &[f32]| samples.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&out), bits(&samples));
    assert_eq!(stretch.silence(4_321, &mut out), 4_321);
}

#[test]
fn a_tone_keeps_its_pitch_and_its_loudness() {
    let mut wrong = Vec::new();
    for rate in TEST_SPEEDS {
        for hertz in [90.0, 125.0, 220.0, 1_000.0, 3_000.0] {
            let samples = tone(hertz, 4.0);
            let out = in_one_go(&samples, speed(rate));
            let off = out.len() as f64 - samples.len() as f64 / rate;
            let rises = out.windows(2).filter(|it| it[0] < 0.0 && it[1] >= 0.0);
            let heard = rises.count() as f32 / out.len() as f32 * TEST_RATE as f32;
            let loudest = out
                .iter()
                .fold(0.0_f32, |loudest, it| loudest.max(it.abs()));
            let power = out.iter().map(|it| it * it).sum::<f32>() / out.len() as f32;
            let fits = (heard / hertz - 1.0).abs() < 0.01
                && off.abs() <= LARGEST_DRIFT * f64::from(TEST_RATE) / rate
                && (0.499..0.501).contains(&loudest)
                && (power / 0.125 - 1.0).abs() < 0.02
                && steepest(&out) < 1.1 * steepest(&samples);
            if !fits {
                wrong.push((rate, hertz, off, heard, loudest, power));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn pulses_stay_as_far_apart_as_they_are() {
    let mut wrong = Vec::new();
    for rate in TEST_SPEEDS {
        for hertz in [75, 100, 125, 150, 240] {
            let period = TEST_RATE as usize / hertz;
            let out = in_one_go(&pulses(hertz, 2.0), speed(rate));
            // A pulse begins with its highest sample.
            let loud: Vec<_> = (1..out.len() - 1)
                .filter(|&i| out[i] > 0.35 && out[i] > out[i - 1] && out[i] >= out[i + 1])
                .collect();
            let apart = loud.windows(2).map(|pair| pair[1] - pair[0]);
            let off = apart.filter(|apart| apart.abs_diff(period) > 1).count();
            if off > 0 || loud.len() + 3 < out.len() / period {
                wrong.push((rate, hertz, off, loud.len(), out.len() / period));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn silence_stays_silent() {
    for rate in TEST_SPEEDS {
        let out = in_one_go(&vec![0.0; 48_000], speed(rate));
        assert!(out.iter().all(|it| *it == 0.0));
        let off = out.len() as f64 - 48_000.0 / rate;
        assert!(
            off.abs() <= LARGEST_DRIFT * f64::from(TEST_RATE),
            "{rate}: {off}"
        );
    }
}

#[test]
fn a_pause_puts_the_output_right_to_a_sample() {
    for rate in TEST_SPEEDS {
        let speed = speed(rate);
        let mut stretch = Stretch::new(TEST_RATE, speed);
        let mut out = Vec::new();
        stretch.push(&speech(31_000, 3), &mut out);
        let silence = stretch.silence(12_000, &mut out);
        let total = out.len() as f64 + silence as f64;
        assert!(
            (total - speed.output_position(43_000.0)).abs() <= 0.51,
            "{rate}: {total}"
        );
        // A pause of a minute, and one of no length.
        let more = stretch.silence(1_440_000, &mut out) as f64;
        assert!((total + more - speed.output_position(1_483_000.0)).abs() <= 0.51);
        let before = out.len();
        assert!(stretch.silence(0, &mut out) <= 1);
        assert_eq!(out.len(), before);
    }
}

#[test]
fn changes_of_speed_do_not_click() {
    let samples = tone(200.0, 4.0);
    let mut stretch = Stretch::new(TEST_RATE, Speed::ONE);
    let mut out = Vec::new();
    // Fifty a second.
    for (i, piece) in samples.chunks(480).enumerate() {
        stretch.set_speed(speed(TEST_SPEEDS[i * 7 % TEST_SPEEDS.len()]));
        stretch.push(piece, &mut out);
        let behind = samples.len().min(480 * (i + 1)) as f64 - stretch.position();
        assert!(behind <= LONGEST_WAIT * f64::from(TEST_RATE), "{behind}");
    }
    stretch.flush(&mut out);
    assert!(steepest(&out) < 1.1 * steepest(&samples));
    assert!(
        (stretch.position() - samples.len() as f64).abs() <= LARGEST_DRIFT * f64::from(TEST_RATE)
    );
}

#[test]
fn what_is_very_short_comes_out() {
    for length in 0..1_000 {
        let samples = speech(length, 5);
        for rate in [0.5, 2.0] {
            let out = in_one_go(&samples, speed(rate));
            let off = out.len() as f64 - length as f64 / rate;
            assert!(
                off.abs() <= LARGEST_DRIFT * f64::from(TEST_RATE),
                "{length} {rate}: {off}"
            );
            let end = &out[out.len().saturating_sub(10)..];
            let last = samples.last().copied().unwrap_or_default();
            assert!(
                (end.last().copied().unwrap_or_default() - last).abs() < 1e-3,
                "{length}"
            );
        }
    }
}

#[test]
fn samples_that_are_no_numbers_do_no_harm() {
    for rate in [0.5, 2.0] {
        let mut samples = speech(20_000, 9);
        samples[5_000..5_100].fill(f32::NAN);
        samples[9_000] = f32::INFINITY;
        let out = in_one_go(&samples, speed(rate));
        assert!(out[out.len() - 1_000..].iter().all(|it| it.is_finite()));
    }
}

#[test]
fn other_sample_rates_do_as_well() {
    for sample_rate in [1, 8_000, 22_050, 44_100, 48_000, 192_000] {
        for rate in [0.5, 1.3, 2.0] {
            let mut stretch = Stretch::new(sample_rate, speed(rate));
            let mut out = Vec::new();
            let samples = speech(50_000, 1);
            stretch.push(&samples, &mut out);
            stretch.flush(&mut out);
            let off = out.len() as f64 - 50_000.0 / rate;
            let limit = (LARGEST_DRIFT * f64::from(sample_rate)).max(4.0);
            assert!(off.abs() <= limit, "{sample_rate} {rate}: {off}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_make_no_difference_and_hold_back_little(
        rate in 0.5..=2.0_f64,
        seed in any::<u64>(),
        pieces in proptest::collection::vec(1_usize..3_000, 1..30),
    ) {
        let speed = speed(rate);
        let samples = speech(pieces.iter().sum(), seed);
        let mut stretch = Stretch::new(TEST_RATE, speed);
        let (mut out, mut at) = (Vec::new(), 0);
        for piece in pieces {
            stretch.push(&samples[at..at + piece], &mut out);
            at += piece;
            let held = at as f64 - speed.input_position(out.len() as f64);
            prop_assert!(held <= LONGEST_WAIT * f64::from(TEST_RATE), "{} held back", held);
            prop_assert!((stretch.position() - speed.input_position(out.len() as f64)).abs() < 1.0);
            let drift = stretch.position() - (at - stretch.waiting()) as f64;
            prop_assert!(drift.abs() <= LARGEST_DRIFT * f64::from(TEST_RATE), "{} off", drift);
        }
        stretch.flush(&mut out);
        prop_assert_eq!(&out, &in_one_go(&samples, speed));
        let off = out.len() as f64 - speed.output_position(at as f64);
        prop_assert!(off.abs() <= LARGEST_DRIFT * f64::from(TEST_RATE) / rate, "{} off", off);
    }
}
