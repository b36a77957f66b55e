//! Every component on generated inputs.

mod flow_lm;
mod flow_net;
mod mimi_decoder;
mod mimi_encoder;
mod text_conditioner;

use bundle::ComponentName;
use runtime::RuntimeError;

use crate::component_run::ComponentRun;
use crate::trace::Trace;

/// Longest attention context that is crossed: a manifest could name any.
const LARGEST_CONTEXT: usize = 4096;

/// Runs the component, compares its calls with one another where the same work can be done
/// in other calls, and returns everything it gave for comparison with other backends.
pub(crate) fn run(run: &mut ComponentRun<'_>) -> Result<Trace, RuntimeError> {
    match run.component {
        ComponentName::TextConditioner => text_conditioner::run(run),
        ComponentName::FlowLm => flow_lm::run(run),
        ComponentName::FlowNet => flow_net::run(run),
        ComponentName::MimiEncoder => mimi_encoder::run(run),
        ComponentName::MimiDecoder => mimi_decoder::run(run),
    }
}
