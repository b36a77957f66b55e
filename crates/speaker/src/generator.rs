//! The backbone's half of an utterance: makes latents while it has a core.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use bundle::ComponentName;
use speech::{Action, Call, SpeechEvent, SpeechNotice};

use crate::backbone::{Backbone, is_step};
use crate::lock::lock;
use crate::scheduler::CorePermit;
use crate::{SpeakerError, Stop, Timings};

/// The backbone of one utterance, and its permit to compute.
pub(crate) struct LatentGenerator {
    /// Locked by others only while this one waits for a core.
    backbone: Arc<Mutex<Backbone>>,
    timings: Arc<Mutex<Timings>>,
    end: Arc<Mutex<End>>,
    stop: Stop,
    permit: CorePermit,
    /// Threads that a call may use, if there are cores.
    threads: usize,
}

/// What is known of a text only at its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// The text after the last word.
    pub(crate) rest: String,
    pub(crate) notices: Vec<SpeechNotice>,
}

impl LatentGenerator {
    pub(crate) fn new(
        backbone: Backbone,
        timings: Arc<Mutex<Timings>>,
        end: Arc<Mutex<End>>,
        stop: Stop,
        permit: CorePermit,
        threads: usize,
    ) -> Self {
        Self {
            backbone: Arc::new(Mutex::new(backbone)),
            timings,
            end,
            stop,
            permit,
            threads,
        }
    }

    /// To be released before waiting for the decoder.
    pub(crate) fn permit(&mut self) -> &mut CorePermit {
        &mut self.permit
    }

    /// Runs a call that is no step. With the text, `flow_lm` has many rows: more threads compute them
    /// sooner.
    fn run(&mut self, call: &Call) -> Result<(), SpeakerError> {
        let is_prefill = call.component == ComponentName::FlowLm;
        let threads = if is_prefill {
            self.permit.hold_spare(self.threads)
        } else {
            1
        };
        let result = lock(&self.backbone).run(call, threads);
        self.permit.release_spare();
        result
    }

    /// The next event for the decoder; none at the end, or once it is stopped.
    pub(crate) fn next_event(&mut self) -> Result<Option<SpeechEvent>, SpeakerError> {
        while !self.stop.is_stopped() {
            let start = Instant::now();
            let action = lock(&self.backbone).next_action()?;
            let action = match action {
                Action::Run(call) if is_step(&call) => self.permit.step(&self.backbone)?,
                Action::Run(call) => {
                    self.permit.hold();
                    if !self.stop.is_stopped() {
                        self.run(&call)?;
                    }
                    Action::Again
                }
                action => action,
            };
            match action {
                Action::Emit(sound) => {
                    match &sound {
                        // What comes next of the text may have to be waited for.
                        SpeechEvent::End { .. } | SpeechEvent::Silence(_) => self.permit.release(),
                        SpeechEvent::Begin { .. }
                        | SpeechEvent::Scores(_)
                        | SpeechEvent::Latent(_) => {}
                    }
                    return Ok(Some(sound));
                }
                // A call that comes next was not run yet.
                Action::Again | Action::Run(_) => {}
                // The sources of this crate have waited.
                Action::Wait(_) => lock(&self.timings).wait(start),
                Action::Done => {
                    let backbone = lock(&self.backbone);
                    let mut end = lock(&self.end);
                    end.rest = backbone.utterance().rest();
                    end.notices = backbone.utterance().notices();
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }
}
