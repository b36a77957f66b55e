//! `solver.safetensors`: the sampler's network alone, and latents after several steps.

use bundle::names;
use speech::Sampler;
use tensor::{Tensor, TensorView};

use super::{ReferenceError, ReferenceOutputs};
use crate::component_run::ComponentRun;

pub(super) const SOLVER_FILE: &str = "solver.safetensors";

/// Steps after which a latent is recorded.
const RECORDED_STEPS: [usize; 4] = [1, 2, 4, 8];

/// `net.*` give `net.out`; `c` and `noise` give the latents after 1, 2, 4 and 8 steps.
pub(super) fn compare(
    records: &ReferenceOutputs,
    run: &mut ComponentRun<'_>,
) -> Result<(), ReferenceError> {
    let Some(file) = records.get(SOLVER_FILE) else {
        return Ok(());
    };
    let mut given = vec![(names::CONDITIONING, file.get("net.c")?.view())];
    let times = run.model.flow_lm.flow.kind.time_inputs();
    for (i, time) in times.iter().enumerate() {
        given.push((time, file.get(&format!("net.t{i}"))?.view()));
    }
    given.push((names::X, file.get("net.x")?.view()));
    let outputs = run
        .stream
        .run(&given)
        .map_err(ReferenceError::run(SOLVER_FILE))?;
    run.compare_output(&outputs, names::FLOW, SOLVER_FILE, file.get("net.out")?)?;

    let (c, noise) = (file.get("c")?, file.get("noise")?);
    for steps in RECORDED_STEPS {
        let latent = sample(run, c, noise, steps)?;
        let record = file.get(&format!("latent.{steps}"))?;
        run.compare_record(
            "latent",
            &format!("{SOLVER_FILE}, {steps} steps"),
            &latent,
            record,
        );
    }
    Ok(())
}

/// Samples a latent [1, ldim] from conditioning [1, Z] and noise [1, ldim].
pub(super) fn sample(
    run: &mut ComponentRun<'_>,
    conditioning: &Tensor,
    noise: &Tensor,
    steps: usize,
) -> Result<Tensor, ReferenceError> {
    let kind = run.model.flow_lm.flow.kind;
    let stream = run.stream.as_mut();
    let values = noise.as_f32().unwrap_or_default();
    let mut sampler = Sampler::new(kind, values.to_vec(), steps)?;
    while let Some(call) = sampler.next_call() {
        let times: Vec<_> = call.times().map(|(name, time)| (name, [time])).collect();
        let mut given = vec![(names::CONDITIONING, conditioning.view())];
        for (name, time) in &times {
            given.push((name, TensorView::f32(&[1, 1], time)?));
        }
        given.push((names::X, TensorView::f32(noise.shape(), call.x)?));
        let mut outputs = stream
            .run(&given)
            .map_err(ReferenceError::run(SOLVER_FILE))?;
        let flow = outputs.take(names::FLOW)?.into_f32().unwrap_or_default();
        sampler.supply(&flow)?;
    }
    Ok(Tensor::f32(noise.shape(), sampler.into_latent())?)
}
