//! The whole proof, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bundle::{ComponentName, Format, Manifest};
use runtime::{Backend, RuntimeError};

use crate::error::chain;
use crate::records::Records;
use crate::table::Table;
use crate::trace::Trace;
use crate::trial::Trial;
use crate::{Check, Identity, Report, VerifyError, made_up, structure};

/// Largest difference that passes unless asked otherwise, as a part of the tensor's largest value.
pub const TOLERANCE: f64 = 2e-5;

/// Largest difference from the records that quantised weights may make, where the tolerance is
/// lower. It was measured with random weights.
pub fn quantisation_error(format: Format) -> f64 {
    match format {
        Format::F32 | Format::Bf16 => 0.0,
        Format::Q16 => 2e-3,
        Format::Q8 => 0.1,
        Format::Q6 => 0.3,
        Format::Q4 => 1.5,
    }
}

/// What to prove a bundle with.
pub struct Options<'a> {
    /// What runs the graphs; the others are compared with the first.
    pub backends: Vec<&'a dyn Backend>,
    /// Folder of recorded outputs of pocket-tts for the same weights.
    pub records: Option<&'a Path>,
    /// Largest `max_rel` that passes.
    pub tolerance: f64,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            backends: Vec::new(),
            records: None,
            tolerance: TOLERANCE,
        }
    }
}

/// Checks the bundle in `dir`, runs it, and compares. `progress` is told what comes next.
///
/// # Errors
///
/// Only where there is nothing to judge; whatever is wrong with the bundle stands in the report.
pub fn verify(
    dir: &Path,
    options: &Options<'_>,
    progress: &dyn Fn(&str),
) -> Result<Report, VerifyError> {
    if options.backends.is_empty() {
        return Err(VerifyError::NoBackend);
    }
    let manifest = Manifest::read(dir)?;
    let records = options.records.map(Records::open).transpose()?;
    progress("files and graphs");
    let structure::Structure { mut checks, sound } = structure::check(dir, &manifest);

    let mut notes: Vec<String> = (manifest.components.keys())
        .filter(|name| !sound.contains(name))
        .map(|name| format!("{name}: not run, see its findings"))
        .collect();
    let missing = ComponentName::ALL.into_iter();
    let missing = missing.filter(|name| !manifest.components.contains_key(name));
    notes.extend(missing.map(|name| format!("{name}: not in this bundle")));
    if let Some(records) = &records {
        notes.extend(records.notes(|name| manifest.components.contains_key(&name)));
    }

    let mut proof = Proof {
        dir,
        manifest: &manifest,
        records: records.as_ref(),
        tolerance: options.tolerance,
        table: Table::new(options.tolerance),
        references: BTreeMap::new(),
    };
    let mut ran = BTreeMap::new();
    let mut unread: BTreeSet<_> = sound.iter().copied().collect();
    for &backend in &options.backends {
        for &name in &sound {
            progress(&format!("{name} in {}", backend.name()));
            let found: &mut Vec<String> = ran.entry(name).or_default();
            match proof.run(backend, name) {
                Ok(findings) => {
                    found.extend(findings);
                    unread.remove(&name);
                }
                // Nothing is wrong with the bundle.
                Err(error @ RuntimeError::Format { .. }) => notes.push(chain(&error)),
                Err(error) => {
                    found.push(chain(&error));
                    unread.remove(&name);
                }
            }
        }
    }
    for name in unread {
        let found = ran.entry(name).or_default();
        found.push("no backend here reads its weights".to_owned());
    }
    checks.extend(ran.into_iter().map(|(name, findings)| Check {
        name: "run",
        component: Some(name),
        findings,
    }));
    let comparisons = proof.table.finish();
    if let Some(records) = &records {
        let compared = comparisons.iter().any(|row| row.what.ends_with("/ record"));
        checks.push(records_check(records, compared));
    }
    let names = options.backends.iter().map(|backend| backend.name());
    Ok(Report {
        bundle: Identity {
            variant: manifest.variant,
            synthetic_seed: manifest.synthetic.map(|synthetic| synthetic.seed),
            opset_version: manifest.opset_version,
        },
        backends: names.map(str::to_owned).collect(),
        tolerance: options.tolerance,
        checks,
        comparisons,
        notes,
    })
}

/// What is done with every backend and component.
struct Proof<'a> {
    dir: &'a Path,
    manifest: &'a Manifest,
    records: Option<&'a Records>,
    tolerance: f64,
    table: Table,
    /// What the first backend gave, and up to which difference it is right.
    references: BTreeMap<ComponentName, (&'static str, Trace, f64)>,
}

impl Proof<'_> {
    /// Runs a component on a backend; the findings are what could not be compared.
    fn run(
        &mut self,
        backend: &dyn Backend,
        name: ComponentName,
    ) -> Result<Vec<String>, RuntimeError> {
        let Some(component) = self.manifest.components.get(&name) else {
            return Ok(Vec::new());
        };
        let allowed = self.tolerance.max(backend.rounding(component.format));
        self.table.allow(allowed);
        let mut trial = Trial {
            backend: backend.name(),
            component: name,
            model: &self.manifest.model,
            stream: backend.load(self.dir, self.manifest, name)?,
            table: &mut self.table,
        };
        // Recorded inputs are worth trying even where made-up ones fail.
        let mut findings = Vec::new();
        match made_up::run(&mut trial) {
            Err(error) => findings.push(chain(&error)),
            Ok(trace) => match self.references.get(&name) {
                None => {
                    self.references
                        .insert(name, (trial.backend, trace, allowed));
                }
                Some((reference, expected, reference_allowed)) => {
                    trial.table.allow(allowed.max(*reference_allowed));
                    let what = format!("{} / {reference}", trial.backend);
                    trace.compare(expected, name, &what, trial.table);
                    trial.table.allow(allowed);
                }
            },
        }
        if let Some(records) = self.records {
            let allowed = allowed.max(quantisation_error(component.format));
            trial.table.allow(allowed);
            let errors = records.compare(&mut trial).into_iter();
            findings.extend(errors.map(|e| format!("{name} in {}: {}", trial.backend, chain(&e))));
        }
        Ok(findings)
    }
}

/// Whether the records could be read, and used at all.
fn records_check(records: &Records, compared: bool) -> Check {
    let damaged = records.damaged.iter();
    let mut findings: Vec<String> = damaged.map(|error| chain(error)).collect();
    if findings.is_empty() && !compared {
        findings.push("nothing of the bundle could be compared with them".to_owned());
    }
    Check {
        name: "records",
        component: None,
        findings,
    }
}
