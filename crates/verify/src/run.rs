//! The whole verification, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bundle::{ComponentName, Manifest};
use runtime::{Backend, RuntimeError};

use crate::component_run::ComponentRun;
use crate::error::chain;
use crate::reference_outputs::ReferenceOutputs;
use crate::table::DifferenceTable;
use crate::trace::Trace;
use crate::{BundleIdentity, Check, VerifyError, VerifyReport, generated_inputs, structure};

/// Largest difference that passes unless asked otherwise, as a part of the tensor's largest value.
pub const DEFAULT_TOLERANCE: f64 = 2e-5;

/// What to verify a bundle with.
pub struct VerifyOptions<'a> {
    /// What runs the graphs; the others are compared with the first.
    pub backends: Vec<&'a dyn Backend>,
    /// Folder of recorded outputs of pocket-tts for the same weights.
    pub records: Option<&'a Path>,
    /// Largest `max_rel` that passes.
    pub tolerance: f64,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        Self {
            backends: Vec::new(),
            records: None,
            tolerance: DEFAULT_TOLERANCE,
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
    options: &VerifyOptions<'_>,
    progress: &dyn Fn(&str),
) -> Result<VerifyReport, VerifyError> {
    if options.backends.is_empty() {
        return Err(VerifyError::NoBackend);
    }
    let manifest = Manifest::read(dir)?;
    let references = options.records.map(ReferenceOutputs::open).transpose()?;
    progress("files and graphs");
    let structure::Structure { mut checks, sound } = structure::check(dir, &manifest);
    let mut notes = not_run(&manifest, &sound, references.as_ref());

    let mut verification = Verification {
        dir,
        manifest: &manifest,
        references: references.as_ref(),
        tolerance: options.tolerance,
        table: DifferenceTable::new(options.tolerance),
        first: BTreeMap::new(),
    };
    checks.extend(verification.run_all(options, &sound, &mut notes, progress));
    let comparisons = verification.table.finish();
    if let Some(references) = &references {
        let compared = comparisons.iter().any(|row| row.what.ends_with("/ record"));
        checks.push(references_check(references, compared));
    }
    let names = options.backends.iter().map(|backend| backend.name());
    Ok(VerifyReport {
        bundle: BundleIdentity {
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

/// What is not run, and what is not compared.
fn not_run(
    manifest: &Manifest,
    sound: &[ComponentName],
    references: Option<&ReferenceOutputs>,
) -> Vec<String> {
    let mut notes: Vec<String> = (manifest.components.keys())
        .filter(|name| !sound.contains(name))
        .map(|name| format!("{name}: not run, see its findings"))
        .collect();
    let missing = ComponentName::ALL.into_iter();
    let missing = missing.filter(|name| !manifest.components.contains_key(name));
    notes.extend(missing.map(|name| format!("{name}: not in this bundle")));
    if let Some(references) = references {
        notes.extend(references.notes(|name| manifest.components.contains_key(&name)));
    }
    notes
}

/// What is done with every backend and component.
struct Verification<'a> {
    dir: &'a Path,
    manifest: &'a Manifest,
    references: Option<&'a ReferenceOutputs>,
    tolerance: f64,
    table: DifferenceTable,
    /// What the first backend gave, and the difference up to which it is right.
    first: BTreeMap<ComponentName, (&'static str, Trace, f64)>,
}

impl Verification<'_> {
    /// Runs the sound components on every backend: a check for each.
    fn run_all(
        &mut self,
        options: &VerifyOptions<'_>,
        sound: &[ComponentName],
        notes: &mut Vec<String>,
        progress: &dyn Fn(&str),
    ) -> Vec<Check> {
        let mut ran: BTreeMap<ComponentName, Vec<String>> = BTreeMap::new();
        let mut unread: BTreeSet<_> = sound.iter().copied().collect();
        for &backend in &options.backends {
            for &name in sound {
                progress(&format!("{name} in {}", backend.name()));
                let found = ran.entry(name).or_default();
                match self.run(backend, name) {
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
        let check = |(name, findings)| Check {
            name: "run",
            component: Some(name),
            findings,
        };
        ran.into_iter().map(check).collect()
    }

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
        let mut run = ComponentRun {
            backend: backend.name(),
            component: name,
            model: &self.manifest.model,
            stream: backend.load(self.dir, self.manifest, name)?,
            table: &mut self.table,
        };
        // Recorded inputs are worth trying even where generated ones fail.
        let mut findings = Vec::new();
        match generated_inputs::run(&mut run) {
            Err(error) => findings.push(chain(&error)),
            Ok(trace) => match self.first.get(&name) {
                None => {
                    self.first.insert(name, (run.backend, trace, allowed));
                }
                Some((reference, expected, reference_allowed)) => {
                    run.table.allow(allowed.max(*reference_allowed));
                    let what = format!("{} / {reference}", run.backend);
                    trace.compare(expected, name, &what, run.table);
                    run.table.allow(allowed);
                }
            },
        }
        if let Some(references) = self.references {
            let allowed = allowed.max(component.format.reference_error());
            run.table.allow(allowed);
            let errors = references.compare(&mut run).into_iter();
            findings.extend(errors.map(|e| format!("{name} in {}: {}", run.backend, chain(&e))));
        }
        Ok(findings)
    }
}

/// Whether the reference outputs could be read, and used at all.
fn references_check(references: &ReferenceOutputs, compared: bool) -> Check {
    let damaged = references.damaged.iter();
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
