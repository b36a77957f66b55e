//! A prompt, the beginning of speech, and latents; then the prompt in other pieces.

use bundle::names;
use runtime::RuntimeError;
use tensor::Tensor;

use crate::component_run::ComponentRun;
use crate::inputs::RandomInputs;
use crate::slice::slice;
use crate::trace::Trace;

/// Embeddings of the prompt that is cut into pieces, and where it is cut.
const PROMPT_ROWS: usize = 17;
const CUTS: [usize; 4] = [0, 5, 6, PROMPT_ROWS];

pub(super) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    let mut inputs = RandomInputs::of(run.component);
    let width = run.model.flow_lm.transformer.d_model;
    let ldim = run.model.mimi.latent_dim();
    let mut embeddings = |count: usize| inputs.normal([1, count, width], 1.0);
    let (prompt, later) = (embeddings(5)?, embeddings(3)?);
    let (none, long) = (embeddings(0)?, embeddings(PROMPT_ROWS)?);
    let mut latents = |count: usize| inputs.normal([1, count, ldim], 1.0);
    let no_latents = latents(0)?;
    let beginning = Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?;
    let [first, second, third] = [latents(1)?, latents(1)?, latents(1)?];

    let mut trace = Trace::default();
    run.stream.reset()?;
    let calls = [
        ("5 embeddings", &prompt, &no_latents),
        ("beginning of speech", &none, &beginning),
        ("latent 0", &none, &first),
        ("latent 1", &none, &second),
        ("3 embeddings and latent 2", &later, &third),
    ];
    for (context, embeddings, latents) in calls {
        let given = [
            (names::EMBEDDINGS, embeddings.view()),
            (names::LATENTS, latents.view()),
        ];
        trace.call(run.stream.as_mut(), context, &given)?;
    }
    in_pieces(run, &mut trace, &long, &no_latents)?;
    Ok(trace)
}

/// The same prompt at once and in pieces has to leave the same state.
fn in_pieces(
    run: &mut ComponentRun<'_>,
    trace: &mut Trace,
    prompt: &Tensor,
    no_latents: &Tensor,
) -> Result<(), RuntimeError> {
    run.stream.reset()?;
    let mut pieces = run.stream.fork();
    let given = [
        (names::EMBEDDINGS, prompt.view()),
        (names::LATENTS, no_latents.view()),
    ];
    let context = format!("{PROMPT_ROWS} embeddings");
    let at_once = trace.call(run.stream.as_mut(), &context, &given)?;

    for cut in CUTS.windows(2) {
        let piece = slice(prompt.view(), 1, cut[0]..cut[1])?;
        let given = [
            (names::EMBEDDINGS, piece.view()),
            (names::LATENTS, no_latents.view()),
        ];
        let outputs = pieces.run(&given)?;
        if cut[1] == PROMPT_ROWS {
            for name in [names::CONDITIONING, names::EOS_LOGIT] {
                let pair = [outputs.get(name)?, at_once.get(name)?];
                run.compare_calls(name, "prompt in pieces", pair);
            }
        }
    }
    let states = run.stream.component().states.clone();
    for state in states {
        let both = [pieces.state(&state.input)?, run.stream.state(&state.input)?];
        run.compare_calls(&state.input, "prompt in pieces", [&both[0], &both[1]]);
    }
    Ok(())
}
