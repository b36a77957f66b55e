//! Why a component cannot be loaded or run.

use bundle::State;
use weights::WeightFormat;

/// The backend's name in messages.
pub(crate) const NAME: &str = "engine";

/// Why the engine refuses a component or a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The manifest describes an impossible model.
    #[error("the manifest describes no model: {0}")]
    Config(String),
    /// The manifest lists no parameter of that name.
    #[error("the manifest lists no parameter {name}: convert the model again")]
    Missing {
        /// The parameter's path.
        name: String,
    },
    /// The manifest lists a parameter that the model has no place for.
    #[error("the manifest lists a parameter {name}, which this model does not have")]
    Extra {
        /// The parameter's path.
        name: String,
    },
    /// A parameter has another shape or layout than the model needs.
    #[error("{name} is a {actual} in the manifest, and the model needs a {expected}")]
    Shape {
        /// The parameter's path.
        name: String,
        /// Layout and shape in the manifest.
        actual: String,
        /// Layout and shape that the model needs.
        expected: String,
    },
    /// A parameter does not lie inside the data file, or is not as long as its shape says.
    #[error("{name} ({format}) is not where the manifest says: the data file is damaged")]
    Extent {
        /// The parameter's path.
        name: String,
        /// Its format.
        format: WeightFormat,
    },
    /// The manifest describes an input in another way than the model takes it.
    #[error("the input {name} {actual} in the manifest: convert the model again")]
    Input {
        /// The input.
        name: String,
        /// What is wrong with it.
        actual: String,
    },
    /// The manifest lists a state that the model does not have, or has in another shape.
    #[error("this model has no state {name} as the manifest describes it: convert it again")]
    State {
        /// The input that the state goes into.
        name: String,
    },
    /// A state of a module or key that the model does not have.
    #[error("this model has no state {key} of {module}: convert it again")]
    UnknownState {
        /// The module's path.
        module: String,
        /// The state's key in the module.
        key: String,
    },
    /// A state of another size than the model's.
    #[error(
        "the state {key} of {module} does not have {values} values: set one of the model's shape"
    )]
    StateSize {
        /// The module's path.
        module: String,
        /// The state's key in the module.
        key: String,
        /// Values that were given.
        values: usize,
    },
    /// The manifest counts positions where the model has none, or the other way round.
    #[error("the manifest does not count positions as this model does: convert it again")]
    Position,
    /// A token that the vocabulary does not have.
    #[error("token {token} is outside the text table of {rows} rows")]
    Token {
        /// The token.
        token: i64,
        /// Rows of the table.
        rows: usize,
    },
    /// A call without anything to compute.
    #[error("there is nothing to compute: {inputs} is empty")]
    Empty {
        /// The inputs that are all empty.
        inputs: &'static str,
    },
    /// Cached rows of several lengths, or of another length than the position says.
    #[error("the layers of the KV cache have different lengths: set all of them")]
    CacheLength,
}

impl EngineError {
    /// For a model that does not have this state.
    pub(crate) fn unknown_state(state_info: &State) -> Self {
        Self::UnknownState {
            module: state_info.module.clone(),
            key: state_info.key.clone(),
        }
    }

    /// For `values` that are not as many as this state has.
    pub(crate) fn state_size(state_info: &State, values: &[f32]) -> Self {
        Self::StateSize {
            module: state_info.module.clone(),
            key: state_info.key.clone(),
            values: values.len(),
        }
    }
}
