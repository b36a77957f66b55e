//! Every component on made-up inputs.

mod flow_lm;
mod flow_net;
mod mimi_decoder;
mod mimi_encoder;
mod text_conditioner;

use bundle::ComponentName;
use runtime::RuntimeError;

use crate::trace::Trace;
use crate::trial::Trial;

/// Longest attention context that is crossed: a manifest could name any.
const LARGEST_CONTEXT: usize = 4096;

/// Runs the component, compares its calls with one another where the same work can be done
/// in other calls, and returns everything it gave for comparison with other backends.
pub(crate) fn run(trial: &mut Trial<'_>) -> Result<Trace, RuntimeError> {
    match trial.component {
        ComponentName::TextConditioner => text_conditioner::run(trial),
        ComponentName::FlowLm => flow_lm::run(trial),
        ComponentName::FlowNet => flow_net::run(trial),
        ComponentName::MimiEncoder => mimi_encoder::run(trial),
        ComponentName::MimiDecoder => mimi_decoder::run(trial),
    }
}
