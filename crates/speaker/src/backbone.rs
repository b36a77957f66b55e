//! Backbones: the calls that make latents, of one utterance or of several together.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bundle::{ComponentName, names};
use runtime::{Outputs, RuntimeError, Stream, StreamCall};
use speech::{Action, Call, SpeechEvent};

use crate::components::Components;
use crate::lock::lock;
use crate::{PreparedVoice, SpeakerError, Stop, Timings};

/// What makes the latents of one utterance.
pub(crate) struct Backbone {
    utterance: speech::Generation,
    voice: PreparedVoice,
    text_conditioner: Box<dyn Stream>,
    flow_lm: Box<dyn Stream>,
    flow_net: Box<dyn Stream>,
    timings: Arc<Mutex<Timings>>,
    stop: Stop,
}

impl Backbone {
    pub(crate) fn new(
        components: &Components,
        voice: &PreparedVoice,
        utterance: speech::Generation,
        timings: Arc<Mutex<Timings>>,
        stop: Stop,
    ) -> Self {
        Self {
            utterance,
            voice: voice.clone(),
            text_conditioner: components.text_conditioner.fork(),
            flow_lm: voice.flow_lm.fork(),
            flow_net: components.flow_net.fork(),
            timings,
            stop,
        }
    }

    pub(crate) fn utterance(&self) -> &speech::Generation {
        &self.utterance
    }

    /// What comes next.
    pub(crate) fn next_action(&mut self) -> Result<Action, SpeakerError> {
        let action = self.utterance.next_action()?;
        if let Action::Emit(SpeechEvent::Begin { words, .. }) = &action {
            self.flow_lm = self.voice.flow_lm.fork();
            self.flow_lm.watch(words.is_some())?;
        }
        Ok(action)
    }

    /// Whether both speak with the same weights, and a step of both takes less time than two.
    pub(crate) fn shares_weights(&self, other: &Self) -> bool {
        self.flow_lm.shares_weights(other.flow_lm.as_ref())
    }

    fn stream(&mut self, component: ComponentName) -> Result<&mut dyn Stream, SpeakerError> {
        match component {
            ComponentName::TextConditioner => Ok(self.text_conditioner.as_mut()),
            ComponentName::FlowLm => Ok(self.flow_lm.as_mut()),
            ComponentName::FlowNet => Ok(self.flow_net.as_mut()),
            ComponentName::MimiDecoder | ComponentName::MimiEncoder => {
                Err(RuntimeError::NoComponent { component }.into())
            }
        }
    }

    /// Runs a call with so many threads, and the following ones with one.
    pub(crate) fn run(&mut self, call: &Call, threads: usize) -> Result<(), SpeakerError> {
        let start = Instant::now();
        let stream = self.stream(call.component)?;
        stream.use_threads(threads);
        let outputs = stream.run(&call.views());
        stream.use_threads(1);
        let outputs = outputs?;
        self.supply(call, outputs, start.elapsed())
    }

    fn supply(
        &mut self,
        call: &Call,
        outputs: Outputs,
        took: Duration,
    ) -> Result<(), SpeakerError> {
        lock(&self.timings).count(call, took);
        Ok(self.utterance.supply(outputs)?)
    }
}

impl fmt::Debug for Backbone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Backbone").finish_non_exhaustive()
    }
}

/// Whether a call is a step of `flow_lm`: of one latent, without the text.
pub(crate) fn is_step(call: &Call) -> bool {
    let embeddings = call
        .inputs
        .iter()
        .find(|(name, _)| *name == names::EMBEDDINGS);
    let is_empty = embeddings.is_some_and(|(_, tensor)| tensor.shape().contains(&0));
    call.component == ComponentName::FlowLm && is_empty
}

/// Runs the calls of all `backbones`, which share weights and each have one to run, until each has
/// something else to do: in this order, and the same as if each ran alone. One that is stopped is to
/// ask again.
pub(crate) fn run_together<'a>(
    backbones: impl Iterator<Item = &'a mut Backbone>,
) -> Vec<Result<Action, SpeakerError>> {
    let members = backbones.map(|backbone| Member {
        backbone,
        call: None,
        action: None,
    });
    let mut members: Vec<_> = members.collect();
    loop {
        members.iter_mut().for_each(Member::ask);
        let Some(component) = members.iter().find_map(Member::component) else {
            return members.into_iter().filter_map(|it| it.action).collect();
        };
        run_each(component, &mut members);
    }
}

/// A backbone that works together with others.
struct Member<'a> {
    backbone: &'a mut Backbone,
    /// The call that it has to run.
    call: Option<Call>,
    /// What else it has to do.
    action: Option<Result<Action, SpeakerError>>,
}

impl Member<'_> {
    fn ask(&mut self) {
        if self.action.is_some() || self.call.is_some() {
            return;
        }
        match self.backbone.next_action() {
            Ok(Action::Run(_)) if self.backbone.stop.is_stopped() => {
                self.action = Some(Ok(Action::Again));
            }
            Ok(Action::Run(call)) => match self.backbone.stream(call.component) {
                Ok(_) => self.call = Some(call),
                Err(error) => self.action = Some(Err(error)),
            },
            other => self.action = Some(other),
        }
    }

    fn component(&self) -> Option<ComponentName> {
        self.call.as_ref().map(|call| call.component)
    }
}

/// Runs the calls of one component together, and supplies their outputs.
fn run_each(component: ComponentName, members: &mut [Member<'_>]) {
    let start = Instant::now();
    let members = members.iter_mut();
    let mut members: Vec<_> = members
        .filter(|it| it.component() == Some(component))
        .collect();
    let calls: Vec<Call> = members.iter_mut().filter_map(|it| it.call.take()).collect();
    let inputs: Vec<_> = calls.iter().map(Call::views).collect();
    let streams = members
        .iter_mut()
        .zip(&inputs)
        .filter_map(|(member, inputs)| {
            let stream = member.backbone.stream(component).ok()?;
            Some(StreamCall { stream, inputs })
        });
    let mut streams: Vec<_> = streams.collect();
    let results = match streams.split_first_mut() {
        Some((first, others)) => first.stream.run_with(first.inputs, others),
        None => Vec::new(),
    };
    let took = start.elapsed() / calls.len().max(1) as u32;
    for ((member, call), result) in members.into_iter().zip(&calls).zip(results) {
        let ran = result.map_err(SpeakerError::from);
        let ran = ran.and_then(|outputs| member.backbone.supply(call, outputs, took));
        member.action = ran.err().map(Err);
    }
}
