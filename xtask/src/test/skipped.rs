//! What a run left out.

/// Tests that were not run, and why.
#[derive(Default)]
pub(crate) struct Skipped {
    tests: Vec<(String, String)>,
}

impl Skipped {
    /// Notes that `what` was not tested.
    pub(crate) fn add(&mut self, what: &str, why: &str) {
        self.tests.push((what.to_owned(), why.to_owned()));
    }

    /// Prints the list, or that it is empty.
    pub(crate) fn print(&self) {
        if self.tests.is_empty() {
            println!("nothing was skipped");
            return;
        }
        println!("skipped:");
        for (what, why) in &self.tests {
            println!("  {what}: {why}");
        }
    }
}
