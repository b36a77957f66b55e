//! The whole verification, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bundle::{ComponentName, Manifest, WeightFormat};
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
    /// Backends to run the components with; the first is the one that the others are compared with.
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
/// Only if nothing can be verified; whatever is wrong with the bundle is in the report.
pub fn verify(
    dir: &Path,
    options: &VerifyOptions<'_>,
    progress: &dyn Fn(&str),
) -> Result<VerifyReport, VerifyError> {
    if options.backends.is_empty() {
        return Err(VerifyError::NoBackend);
    }
    let manifest = Manifest::read(dir)?;
    let records = options.records.map(ReferenceOutputs::open).transpose()?;
    progress("files and graphs");
    let structure::Structure {
        mut checks,
        undamaged,
    } = structure::check(dir, &manifest);
    let mut notes = not_run(&manifest, &undamaged, records.as_ref());

    let mut verification = Verification {
        dir,
        manifest: &manifest,
        records: records.as_ref(),
        tolerance: options.tolerance,
        table: DifferenceTable::new(options.tolerance),
        first: BTreeMap::new(),
    };
    checks.extend(verification.run_all(options, &undamaged, &mut notes, progress));
    let comparisons = verification.table.finish();
    if let Some(records) = &records {
        let compared = comparisons.iter().any(|row| row.what.ends_with("/ record"));
        checks.push(records_check(records, compared));
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
    undamaged: &[ComponentName],
    records: Option<&ReferenceOutputs>,
) -> Vec<String> {
    let mut notes: Vec<String> = (manifest.components.keys())
        .filter(|name| !undamaged.contains(name))
        .map(|name| format!("{name}: not run, see its findings"))
        .collect();
    let missing = ComponentName::ALL.into_iter();
    let missing = missing.filter(|name| !manifest.components.contains_key(name));
    notes.extend(missing.map(|name| format!("{name}: not in this bundle")));
    if let Some(records) = records {
        notes.extend(records.notes(|name| manifest.components.contains_key(&name)));
    }
    notes
}

/// What is done with every backend and component.
struct Verification<'a> {
    dir: &'a Path,
    manifest: &'a Manifest,
    records: Option<&'a ReferenceOutputs>,
    tolerance: f64,
    table: DifferenceTable,
    /// The first backend that ran each component, what it gave, and its tolerance.
    first: BTreeMap<ComponentName, (&'static str, Trace, f64)>,
}

impl Verification<'_> {
    /// Runs the undamaged components on every backend: a check for each.
    fn run_all(
        &mut self,
        options: &VerifyOptions<'_>,
        undamaged: &[ComponentName],
        notes: &mut Vec<String>,
        progress: &dyn Fn(&str),
    ) -> Vec<Check> {
        let mut ran: BTreeMap<ComponentName, Vec<String>> = BTreeMap::new();
        let mut unread: BTreeSet<_> = undamaged.iter().copied().collect();
        for &backend in &options.backends {
            for &name in undamaged {
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
        let allowed = self.tolerance.max(backend.rounding(component));
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
                Some((first, expected, first_allowed)) => {
                    run.table.allow(allowed.max(*first_allowed));
                    let what = format!("{} / {first}", run.backend);
                    trace.compare(expected, name, &what, run.table);
                    run.table.allow(allowed);
                }
            },
        }
        if let Some(records) = self.records {
            let errors = component.formats().map(WeightFormat::reference_error);
            let allowed = errors.fold(allowed, f64::max);
            run.table.allow(allowed);
            let errors = records.compare(&mut run).into_iter();
            findings.extend(errors.map(|e| format!("{name} in {}: {}", run.backend, chain(&e))));
        }
        Ok(findings)
    }
}

/// Whether the records could be read, and used at all.
fn records_check(records: &ReferenceOutputs, compared: bool) -> Check {
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
