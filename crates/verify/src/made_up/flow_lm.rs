//! A prompt, the beginning of speech, and latents; then the prompt in other pieces.

use runtime::RuntimeError;
use tensor::Tensor;

use crate::inputs::Inputs;
use crate::slice::slice;
use crate::trace::Trace;
use crate::trial::Trial;

/// Embeddings of the prompt that is cut into pieces, and where it is cut.
const PROMPT: usize = 17;
const CUTS: [usize; 4] = [0, 5, 6, PROMPT];

pub(super) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = Inputs::of(trial.component);
    let width = trial.model.flow_lm.transformer.d_model;
    let ldim = trial.model.mimi.quantizer.dimension;
    let mut embeddings = |count: usize| inputs.normal([1, count, width], 1.0);
    let (prompt, later) = (embeddings(5)?, embeddings(3)?);
    let (none, long) = (embeddings(0)?, embeddings(PROMPT)?);
    let mut latents = |count: usize| inputs.normal([1, count, ldim], 1.0);
    let no_latents = latents(0)?;
    let beginning = Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?;
    let [first, second, third] = [latents(1)?, latents(1)?, latents(1)?];

    let mut trace = Trace::default();
    trial.stream.reset()?;
    let calls = [
        ("5 embeddings", &prompt, &no_latents),
        ("beginning of speech", &none, &beginning),
        ("latent 0", &none, &first),
        ("latent 1", &none, &second),
        ("3 embeddings and latent 2", &later, &third),
    ];
    for (context, embeddings, latents) in calls {
        let given = [
            ("embeddings", embeddings.view()),
            ("latents", latents.view()),
        ];
        trace.call(trial.stream.as_mut(), context, &given)?;
    }
    in_pieces(trial, &mut trace, &long, &no_latents)?;
    Ok(trace)
}

/// The same prompt at once and in pieces has to leave the same state.
fn in_pieces(
    trial: &mut Trial<'_>,
    trace: &mut Trace,
    prompt: &Tensor,
    no_latents: &Tensor,
) -> Result<(), RuntimeError> {
    trial.stream.reset()?;
    let mut pieces = trial.stream.fork();
    let given = [
        ("embeddings", prompt.view()),
        ("latents", no_latents.view()),
    ];
    let context = format!("{PROMPT} embeddings");
    let at_once = trace.call(trial.stream.as_mut(), &context, &given)?;

    for cut in CUTS.windows(2) {
        let piece = slice(prompt.view(), 1, cut[0]..cut[1])?;
        let given = [("embeddings", piece.view()), ("latents", no_latents.view())];
        let outputs = pieces.run(&given)?;
        if cut[1] == PROMPT {
            for name in ["conditioning", "eos_logit"] {
                let pair = [outputs.get(name)?, at_once.get(name)?];
                trial.compare_calls(name, "prompt in pieces", pair);
            }
        }
    }
    let states = trial.stream.component().states.clone();
    for state in states {
        let both = [
            pieces.state(&state.input)?,
            trial.stream.state(&state.input)?,
        ];
        trial.compare_calls(&state.input, "prompt in pieces", [&both[0], &both[1]]);
    }
    Ok(())
}
