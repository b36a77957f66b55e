//! Twin of `lsd_decode`, `ot_decode`, `drifting_decode` and `pointwise_decode` in pocket-tts
//! `models/flow_lm.py`: from noise to a latent.

use config::FlowType;

/// Samples a latent from `noise` in `steps` steps. `net` computes the flow at the times of the
/// kind of net, as many as [`FlowType::time_inputs`] names, and the latent so far.
pub(crate) fn sample<E>(
    kind: FlowType,
    noise: &[f32],
    steps: usize,
    mut net: impl FnMut(&[f32], &[f32]) -> Result<Vec<f32>, E>,
) -> Result<Vec<f32>, E> {
    let mut x = noise.to_vec();
    let mut add = |x: &mut Vec<f32>, times: &[f32], share: f32| {
        let flow = net(times, x)?;
        for (x, flow) in x.iter_mut().zip(flow) {
            *x += flow / share;
        }
        Ok(())
    };
    let time = |step: usize| (step as f64 / steps as f64) as f32;
    match kind {
        FlowType::Lsd => {
            for i in 0..steps {
                add(&mut x, &[time(i), time(i + 1)], steps as f32)?;
            }
        }
        FlowType::FlowMatching => {
            for i in 0..steps {
                add(&mut x, &[time(i)], steps as f32)?;
            }
        }
        // One step, whatever was asked for.
        FlowType::Pointwise => add(&mut x, &[], 1.0)?,
        FlowType::Drifting => x = net(&[], &x)?,
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn every_kind_takes_its_steps() {
        // The net answers with x + 10 s + 100 t, or x + 10 t.
        let net = |times: &[f32], x: &[f32]| -> Result<Vec<f32>, Infallible> {
            let scaled = times.iter().zip([10.0, 100.0]);
            let shift: f32 = scaled.map(|(t, by)| t * by).sum();
            Ok(x.iter().map(|x| x + shift).collect())
        };
        let cases = [
            // 1 + (1 + 50) / 2 = 26.5; 26.5 + (26.5 + 5 + 100) / 2 = 92.25
            (FlowType::Lsd, 2, 92.25),
            // 1 + 1 / 2 = 1.5; 1.5 + (1.5 + 5) / 2 = 4.75
            (FlowType::FlowMatching, 2, 4.75),
            (FlowType::Drifting, 2, 1.0),
            (FlowType::Pointwise, 2, 2.0),
        ];
        let mut wrong = Vec::new();
        for (kind, steps, expected) in cases {
            let Ok(x) = sample(kind, &[1.0], steps, net);
            if x != [expected] {
                wrong.push((kind, x));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
