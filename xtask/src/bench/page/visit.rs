//! The first visit of the page: from the navigation to its first sound.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Deserialize;

use super::median;

/// Runs in one browser, over one line.
#[derive(Debug, Deserialize)]
pub(super) struct VisitCase {
    browser: String,
    /// Of the line, a second; none without one.
    megabits: Option<f64>,
    /// From one end of the line to the other, in milliseconds.
    delay: Option<f64>,
    runs: Vec<VisitFigures>,
}

/// What one run measured: seconds from the beginning of the navigation.
#[derive(Debug, Deserialize)]
struct VisitFigures {
    ready: Option<f64>,
    made: Option<f64>,
    heard: Option<f64>,
    /// Fetched, where a line counted it.
    megabytes: Option<f64>,
}

pub(super) fn table(cases: &[VisitCase], machine: &str) -> Result<String> {
    let mut rows = String::new();
    for case in cases {
        let of = |figure: &dyn Fn(&VisitFigures) -> Option<f64>| {
            let figures: Option<Vec<f64>> = case.runs.iter().map(figure).collect();
            figures.map(|figures| median(&figures))
        };
        let seconds =
            |figure: Option<f64>| figure.map_or("-".to_owned(), |it| format!("{it:.2} s"));
        let line = match (case.megabits, case.delay) {
            (Some(megabits), Some(delay)) => {
                format!("{megabits:.0} Mbit/s, {:.0} ms there and back", 2.0 * delay)
            }
            _ => "none".to_owned(),
        };
        writeln!(
            rows,
            "| {} | {line} | {} | {} | {} | {} |",
            case.browser,
            seconds(of(&|f| f.ready)),
            seconds(of(&|f| f.made)),
            seconds(of(&|f| f.heard)),
            of(&|f| f.megabytes).map_or("-".to_owned(), |it| format!("{it:.1} MB")),
        )?;
    }
    let runs = match cases.first().map_or(0, |case| case.runs.len()) {
        1 => "One run".to_owned(),
        runs => format!("Medians of {runs} alternating runs"),
    };
    Ok(format!(
        "The demo, with the small model that it includes, from a server of files on the same machine that meets the \
         requirements of docs/deploy.md: a fresh profile, and `#speak` in the address, so that the page speaks by itself. Seconds from the \
         beginning of the navigation until the page can be used (*ready*), the first sound is *made*, and *heard*, which \
         browsers allow only after a click unless they are told otherwise, as Chromium is here. \
         {runs}; {machine}.\n\n\
         | browser | line | ready | made | heard | fetched |\n\
         | --- | --- | --- | --- | --- | --- |\n{rows}"
    ))
}
