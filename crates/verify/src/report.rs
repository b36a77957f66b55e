//! What was found.

use bundle::ComponentName;
use serde::Serialize;

/// Everything that was checked and compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Which bundle it is.
    pub bundle: BundleIdentity,
    /// The backends, the one that others are compared with first.
    pub backends: Vec<String>,
    /// Largest `max_rel` that passes.
    pub tolerance: f64,
    /// Checks that need no numbers.
    pub checks: Vec<Check>,
    /// Worst differences, one row per component, tensor and pair.
    pub comparisons: Vec<Comparison>,
    /// What could not be looked at, and why: "`flow_net`: not in this bundle".
    pub notes: Vec<String>,
}

/// Which bundle was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleIdentity {
    /// Name of the released configuration, where it is one.
    pub variant: Option<String>,
    /// Seed of random weights, where they are random.
    pub synthetic_seed: Option<u64>,
    /// ONNX operator set of the graphs.
    pub opset_version: u32,
}

/// One rule, and everything that breaks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The rule: "files", "interface".
    pub name: &'static str,
    /// The component it was applied to; none where it concerns the whole bundle.
    pub component: Option<ComponentName>,
    /// What breaks it; empty where all is well.
    pub findings: Vec<String>,
}

/// The worst difference between two sources of one tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The component that the tensor comes out of.
    pub component: ComponentName,
    /// The output, or the input that a state is carried to.
    pub tensor: String,
    /// The two sources: "rten / ONNX Runtime", "rten / record", "rten / rten, other calls".
    pub what: String,
    /// Times that the tensor was compared.
    pub count: usize,
    /// The call of the worst difference: "frame 3, 2 frames a call".
    pub context: String,
    /// Largest absolute difference of that call.
    pub max_abs: f64,
    /// `max_abs` divided by `largest`.
    pub max_rel: f64,
    /// Largest absolute value of the reference in that call, and at least 1 where the tensor
    /// is one number: alone, it has no scale that rounding could be measured by.
    pub largest: f64,
    /// Why the numbers do not count: a shape that differs, a value that is not finite.
    pub problem: Option<String>,
    /// Whether `max_rel` is within the tolerance and there is no problem.
    pub passed: bool,
}

impl VerifyReport {
    /// Whether nothing was found and no difference exceeds the tolerance.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(Check::passed) && self.comparisons.iter().all(|c| c.passed)
    }
}

impl Check {
    /// Whether nothing breaks the rule.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}
