//! Measures one backend on one bundle and prints the figures as JSON: `measure DIR BACKEND
//! THREADS`. `cargo xtask bench speak` runs it.

#![allow(clippy::print_stdout, reason = "a program that reports")]

mod backend;

use std::path::Path;
use std::time::Instant;

use bundle::{ComponentName, Dim, Manifest};
use runtime::{Backend, Stream};
use speaker::Speaker;
use speech::{Noise, SpeechOptions, Voice};
use tensor::Tensor;

use crate::backend::{Result, backend_of};

/// Positions of the voice.
const VOICE: usize = 125;
/// Tokens of the text, and frames that are spoken.
const TOKENS: usize = 28;
const MEASURED_FRAMES: usize = 120;
/// Positions at which steps are timed, and how many steps.
const POSITIONS: [usize; 3] = [100, 300, 900];
const MEASURED_STEPS: usize = 21;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, backend, threads] = &arguments[..] else {
        return Err("measure DIR BACKEND THREADS".into());
    };
    let (dir, threads) = (Path::new(dir), threads.parse()?);
    let backend = backend_of(backend)?;

    let started = Instant::now();
    let speaker = Speaker::open(dir, backend.clone(), threads)?;
    let load = started.elapsed().as_secs_f64();
    let manifest = speaker.model().manifest().clone();
    let voice = speaker.prepare(&voice(&manifest, VOICE)?)?;
    let text = text(&speaker)?;
    let options = SpeechOptions {
        // Speech is not to end before it is measured.
        eos_threshold: f32::MAX,
        seed: 1,
        ..speaker.model().options()
    };
    // The first call pays for memory that later ones use.
    speaker
        .speak(&voice, &text, &options)?
        .take(3)
        .try_for_each(|chunk| chunk.map(drop))?;

    let mut utterance = speaker.speak(&voice, &text, &options)?;
    let enough = (MEASURED_FRAMES * manifest.frame_size) as u64;
    while utterance.samples() < enough {
        utterance.next().ok_or("the text is too short")??;
    }
    let seconds = utterance.samples() as f64 / f64::from(manifest.sample_rate);
    let real_time_factor = utterance.elapsed().as_secs_f64() / seconds;
    let first_sound = utterance.first_sound().unwrap_or_default().as_secs_f64();
    let timings = utterance.timings();
    drop(utterance);
    let memory = peak_memory()?;
    let steps = steps(dir, &manifest, backend.as_ref())?;
    println!(
        "{{\"load\":{load},\"real_time_factor\":{real_time_factor},\"first_sound\":{first_sound},\
         \"prefill_ms\":{},\"flow_lm_ms\":{},\"flow_net_ms\":{},\"mimi_decoder_ms\":{},\
         \"memory\":{memory},\"step_ms\":{steps:?}}}",
        timings.prefill.mean_ms(),
        timings.flow_lm.mean_ms(),
        timings.flow_net.mean_ms(),
        timings.mimi_decoder.mean_ms(),
    );
    Ok(())
}

/// A voice of random numbers.
fn voice(manifest: &Manifest, positions: usize) -> Result<Voice> {
    let flow_lm = &manifest.components[&ComponentName::FlowLm];
    let mut noise = Noise::new(1, 1.0, None)?;
    let states = flow_lm.states.iter().map(|state| {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbol(_) => positions,
        };
        let shape: Vec<_> = state.shape.iter().map(size).collect();
        let mut rows = vec![0.0; shape.iter().product()];
        noise.fill(&mut rows);
        Ok((state.input.clone(), Tensor::f32(shape, rows)?))
    });
    let states = states.collect::<Result<Vec<_>>>()?;
    Ok(Voice::from_states(flow_lm, states, positions as i64)?)
}

/// A sentence of the right number of tokens.
fn text(speaker: &Speaker) -> Result<String> {
    let words =
        "the a to of in is it on as at by we he no so up an or if do my go us me be".split(' ');
    let mut text = "The".to_owned();
    for word in words.cycle().take(200) {
        let whole = format!("{text}.");
        if speaker.model().tokenizer().encode(&whole).len() >= TOKENS {
            return Ok(whole);
        }
        text = format!("{text} {word}");
    }
    Err("no text has enough tokens".into())
}

/// Milliseconds of a step of `flow_lm` after so many positions: medians of steps that alternate.
fn steps(dir: &Path, manifest: &Manifest, backend: &dyn Backend) -> Result<[f64; 3]> {
    let first = backend.load(dir, manifest, ComponentName::FlowLm)?;
    let none = Tensor::f32(
        [1, 0, manifest.model.flow_lm.transformer.d_model],
        Vec::new(),
    )?;
    let ldim = manifest.model.mimi.quantizer.dimension;
    let latent = Tensor::f32([1, 1, ldim], vec![0.1; ldim])?;
    let mut streams: [Box<dyn Stream>; 3] = [first.fork(), first.fork(), first];
    for (stream, positions) in streams.iter_mut().zip(POSITIONS) {
        let voice = voice(manifest, positions - MEASURED_STEPS / 2)?;
        for (input, state) in voice.states() {
            stream.set_state(input, state.clone())?;
        }
        stream.set_position(voice.position())?;
    }
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..MEASURED_STEPS {
        for (stream, times) in streams.iter_mut().zip(&mut times) {
            let started = Instant::now();
            stream.run(&[("embeddings", none.view()), ("latents", latent.view())])?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[MEASURED_STEPS / 2]
    }))
}

/// Peak memory of this process, in bytes.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: u64 = line
        .ok_or("no VmHWM")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kilobytes * 1024)
}
