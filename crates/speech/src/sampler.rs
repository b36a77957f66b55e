//! Counterpart of `lsd_decode`, `ot_decode`, `drifting_decode` and `pointwise_decode` in pocket-tts
//! `models/flow_lm.py`: from noise to a latent.

use config::FlowType;

/// A latent while it is sampled: [`Sampler::next_call`] says what `flow_net` has to compute.
#[derive(Clone, Debug)]
pub struct Sampler {
    kind: FlowType,
    steps: usize,
    done: usize,
    x: Vec<f32>,
}

/// Inputs of `flow_net` besides the conditioning.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowCall<'a> {
    times: Vec<(&'static str, f32)>,
    /// The latent so far, [ldim].
    pub x: &'a [f32],
}

impl FlowCall<'_> {
    /// Names and values of the time inputs, as many as the flow type has.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, f32)> {
        self.times.iter().copied()
    }
}

/// Why a latent cannot be sampled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamplerError {
    /// No steps.
    #[error("the sampler needs at least 1 step")]
    NoSteps,
    /// A flow of another width than the noise.
    #[error("the flow has {flow} values, the latent {latent}")]
    Width {
        /// Values of the flow.
        flow: usize,
        /// Values of the latent.
        latent: usize,
    },
}

impl Sampler {
    /// Starts from `noise`, [ldim]. Flow types without a time always take one step.
    pub fn new(kind: FlowType, noise: Vec<f32>, steps: usize) -> Result<Self, SamplerError> {
        if steps == 0 {
            return Err(SamplerError::NoSteps);
        }
        let steps = if kind.takes_steps() { steps } else { 1 };
        Ok(Self {
            kind,
            steps,
            done: 0,
            x: noise,
        })
    }

    /// The next computation; `None` once the latent is complete.
    pub fn next_call(&self) -> Option<FlowCall<'_>> {
        let time = |step: usize| (step as f64 / self.steps as f64) as f32;
        (self.done < self.steps).then(|| FlowCall {
            times: times(self.kind, time(self.done), time(self.done + 1)),
            x: &self.x,
        })
    }

    /// Takes the computed flow, [ldim].
    pub fn supply(&mut self, flow: &[f32]) -> Result<(), SamplerError> {
        if flow.len() != self.x.len() {
            return Err(SamplerError::Width {
                flow: flow.len(),
                latent: self.x.len(),
            });
        }
        self.done += 1;
        for (x, flow) in self.x.iter_mut().zip(flow) {
            *x = match self.kind {
                FlowType::Drifting => *flow,
                FlowType::Lsd | FlowType::FlowMatching | FlowType::Pointwise => {
                    *x + flow / self.steps as f32
                }
            };
        }
        Ok(())
    }

    /// The latent so far, [ldim].
    pub fn into_latent(self) -> Vec<f32> {
        self.x
    }
}

/// The time inputs of a flow type in the step from `begin` to `end`. A missing one would be refused
/// by every runtime.
fn times(kind: FlowType, begin: f32, end: f32) -> Vec<(&'static str, f32)> {
    let values = match kind {
        FlowType::Lsd => vec![begin, end],
        FlowType::FlowMatching => vec![begin],
        FlowType::Drifting | FlowType::Pointwise => Vec::new(),
    };
    let names = kind.time_inputs();
    debug_assert_eq!(names.len(), values.len(), "time inputs of {kind:?}");
    names.iter().copied().zip(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_input_has_a_value() {
        for (kind, expected) in [
            (FlowType::Lsd, vec![("s", 0.25), ("t", 0.5)]),
            (FlowType::FlowMatching, vec![("t", 0.25)]),
            (FlowType::Drifting, vec![]),
            (FlowType::Pointwise, vec![]),
        ] {
            assert_eq!(times(kind, 0.25, 0.5), expected, "{kind:?}");
            let names: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
            assert_eq!(kind.time_inputs(), names, "{kind:?}");
        }
    }

    #[test]
    fn every_kind_takes_its_steps() {
        // The net returns x + 10 s + 100 t, or x + 10 t.
        let net = |call: FlowCall<'_>| -> Vec<f32> {
            let shift: f32 = call
                .times()
                .zip([10.0, 100.0])
                .map(|((_, t), by)| t * by)
                .sum();
            call.x.iter().map(|x| x + shift).collect()
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
            let mut sampler = Sampler::new(kind, vec![1.0], steps).unwrap();
            while let Some(call) = sampler.next_call() {
                let flow = net(call);
                sampler.supply(&flow).unwrap();
            }
            let latent = sampler.into_latent();
            if latent != [expected] {
                wrong.push((kind, latent));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let none = Sampler::new(FlowType::Lsd, vec![0.0], 0);
        assert!(matches!(none, Err(SamplerError::NoSteps)));
        let mut sampler = Sampler::new(FlowType::Lsd, vec![0.0; 2], 1).unwrap();
        assert!(sampler.supply(&[1.0]).is_err());
    }
}
