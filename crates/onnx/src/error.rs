//! Mistakes that a finished graph would hold.

/// Why a graph is not finished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A module asked for a parameter that has no shape.
    #[error("graph {graph}: no tensor is called {key}")]
    UnknownParameter {
        /// The graph.
        graph: String,
        /// What was asked for.
        key: String,
    },
    /// One parameter is asked for in two layouts; the data file holds it in one.
    #[error("graph {graph}: {key} is read in two layouts")]
    TwoLayouts {
        /// The graph.
        graph: String,
        /// The parameter.
        key: String,
    },
    /// A parameter's shape is not that of what it is used for.
    #[error("graph {graph}: {key} of shape {shape:?} does not fit its operator")]
    Misshapen {
        /// The graph.
        graph: String,
        /// The parameter.
        key: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An input or constant that nothing reads.
    #[error("graph {graph}: nothing reads {name}")]
    Unused {
        /// The graph.
        graph: String,
        /// The input or constant.
        name: String,
    },
    /// Two inputs, outputs or nodes of one name.
    #[error("graph {graph}: {name} is there twice")]
    Duplicate {
        /// The graph.
        graph: String,
        /// The name.
        name: String,
    },
}
