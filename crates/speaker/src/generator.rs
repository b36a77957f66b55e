//! The backbone's half of an utterance: runs the calls that make latents.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bundle::ComponentName;
use runtime::{RuntimeError, Stream};
use speech::{Action, Call, SpeechEvent, SpeechNotice};

use crate::components::Components;
use crate::scheduler::CorePermit;
use crate::{PreparedVoice, SpeakerError, Stop, Timings};

/// Streams of one utterance.
pub(crate) struct LatentGenerator {
    utterance: speech::Generation,
    voice: PreparedVoice,
    text_conditioner: Box<dyn Stream>,
    flow_lm: Box<dyn Stream>,
    flow_net: Box<dyn Stream>,
    timings: Arc<Mutex<Timings>>,
    end: Arc<Mutex<End>>,
    stop: Stop,
    permit: CorePermit,
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
        components: &Components,
        voice: &PreparedVoice,
        utterance: speech::Generation,
        timings: Arc<Mutex<Timings>>,
        end: Arc<Mutex<End>>,
        stop: Stop,
        permit: CorePermit,
    ) -> Self {
        Self {
            utterance,
            voice: voice.clone(),
            text_conditioner: components.text_conditioner.fork(),
            flow_lm: voice.flow_lm.fork(),
            flow_net: components.flow_net.fork(),
            timings,
            end,
            stop,
            permit,
        }
    }

    /// To be released before waiting for the decoder.
    pub(crate) fn permit(&mut self) -> &mut CorePermit {
        &mut self.permit
    }

    /// The next event for the decoder; none at the end, or once it is stopped.
    pub(crate) fn next_event(&mut self) -> Result<Option<SpeechEvent>, SpeakerError> {
        while !self.stop.is_stopped() {
            let start = Instant::now();
            match self.utterance.next_action()? {
                Action::Run(call) => self.run(&call)?,
                Action::Emit(sound) => {
                    match &sound {
                        SpeechEvent::Begin { words, .. } => {
                            self.flow_lm = self.voice.flow_lm.fork();
                            self.flow_lm.watch(words.is_some())?;
                        }
                        // What comes next of the text may have to be waited for.
                        SpeechEvent::End { .. } | SpeechEvent::Silence(_) => self.permit.release(),
                        SpeechEvent::Scores(_) | SpeechEvent::Latent(_) => {}
                    }
                    return Ok(Some(sound));
                }
                Action::Again => {}
                // The sources of this crate have waited.
                Action::Wait(_) => {
                    let mut timings = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
                    timings.wait(start);
                }
                Action::Done => {
                    let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
                    end.rest = self.utterance.rest();
                    end.notices = self.utterance.notices();
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    fn run(&mut self, call: &Call) -> Result<(), SpeakerError> {
        self.permit.hold();
        if self.stop.is_stopped() {
            return Ok(());
        }
        let start = Instant::now();
        let stream = match call.component {
            ComponentName::TextConditioner => &mut self.text_conditioner,
            ComponentName::FlowLm => &mut self.flow_lm,
            ComponentName::FlowNet => &mut self.flow_net,
            component => return Err(RuntimeError::NoComponent { component }.into()),
        };
        let outputs = stream.run(&call.views())?;
        let mut timings = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
        timings.count(call, start);
        drop(timings);
        Ok(self.utterance.supply(outputs)?)
    }
}
