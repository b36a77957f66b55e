//! Measures where the time of an utterance goes.

use std::time::{Duration, Instant};

use bundle::ComponentName;
use speech::Call;

/// Calls of one component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTiming {
    /// How many; of `mimi_decoder` the frames it decoded.
    pub calls: usize,
    /// How long they took together.
    pub total: Duration,
}

/// Calls of all components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// `text_conditioner`.
    pub text_conditioner: CallTiming,
    /// `flow_lm`, with a chunk's text.
    pub prefill: CallTiming,
    /// `flow_lm`, one latent at a time.
    pub flow_lm: CallTiming,
    /// `flow_net`.
    pub flow_net: CallTiming,
    /// `mimi_decoder`.
    pub mimi_decoder: CallTiming,
    /// Waiting for more of a text that arrives in pieces; calls are those that more did not come in.
    pub waiting: CallTiming,
}

impl Timings {
    /// Counts a wait for text that began at `start`.
    pub(crate) fn wait(&mut self, start: Instant) {
        self.waiting.calls += 1;
        self.waiting.total += start.elapsed();
    }

    /// Counts a call that took so long.
    pub(crate) fn count(&mut self, call: &Call, took: Duration) {
        let rows = call.inputs.iter().filter_map(|(_, t)| t.shape().get(1));
        let rows = rows.sum();
        let timing = match call.component {
            ComponentName::TextConditioner => &mut self.text_conditioner,
            ComponentName::FlowLm if rows > 1 => &mut self.prefill,
            ComponentName::FlowLm => &mut self.flow_lm,
            ComponentName::FlowNet => &mut self.flow_net,
            ComponentName::MimiDecoder => &mut self.mimi_decoder,
            // Speaking never runs the encoder.
            ComponentName::MimiEncoder => return,
        };
        timing.calls += match call.component {
            ComponentName::MimiDecoder => rows,
            _ => 1,
        };
        timing.total += took;
    }
}

impl CallTiming {
    /// Milliseconds per call.
    pub fn mean_ms(self) -> f64 {
        self.total.as_secs_f64() * 1e3 / self.calls.max(1) as f64
    }
}
