//! Twin of `generate_audio_stream` and what it calls in pocket-tts `models/tts_model.py`: from
//! a text to latents.
//!
//! Nothing is run here. The host asks for the [`Action`] that comes next, does it, and supplies
//! the outputs of a call:
//!
//! 1. [`Action::Emit`] with [`Sound::Begin`]: start `flow_lm` again from the voice;
//! 2. [`Action::Run`] of `text_conditioner`, then for each frame of `flow_lm` and, as often as
//!    the sampler has steps, of `flow_net`;
//! 3. [`Action::Emit`] with a [`Sound::Latent`], for [`crate::Decoding`], and again from 2;
//! 4. [`Action::Done`].

use std::collections::VecDeque;

use bundle::ComponentName;
use tensor::Tensor;

use crate::call::Outputs;
use crate::end_of_speech::{EndOfSpeech, Verdict, max_frames};
use crate::text::{self, Passage};
use crate::{Call, Model, Noise, Options, Sampler, SpeechError};

/// What a host has to do next.
#[derive(Debug)]
pub enum Action {
    /// Run a component and supply its outputs.
    Run(Call),
    /// Hand this on to the decoder, in order.
    Emit(Sound),
    /// Nothing: all is said.
    Done,
}

/// A piece of an utterance, on its way to the decoder.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// A chunk of text begins: `flow_lm` starts again from the voice, `mimi_decoder` afresh.
    Begin {
        /// The chunk, as it is tokenized.
        text: String,
    },
    /// One frame, [ldim].
    Latent(Vec<f32>),
    /// The chunk is over.
    End {
        /// Whether it was cut off because the end of speech did not come.
        cut: bool,
    },
    /// That many samples of silence.
    Silence(usize),
}

/// Where the noise comes from: fills a slice with the next values.
pub type NoiseSource = Box<dyn FnMut(&mut [f32]) + Send>;

/// A text that is being spoken.
pub struct Utterance {
    model: Model,
    options: Options,
    noise: NoiseSource,
    passages: VecDeque<Passage>,
    chunks: VecDeque<String>,
    state: State,
}

/// What the utterance is at.
enum State {
    /// Before a chunk, or at the end.
    Between,
    /// A chunk has begun: its tokens go through `text_conditioner`.
    Tokens { ids: Vec<i64>, end: EndOfSpeech },
    /// `flow_lm` is to take embeddings and the last latent.
    Backbone {
        embeddings: Tensor,
        latents: Tensor,
        end: EndOfSpeech,
    },
    /// A latent is being sampled.
    Sampling {
        conditioning: Tensor,
        sampler: Sampler,
        end: EndOfSpeech,
    },
}

impl Utterance {
    /// Prepares `text`; refuses it where there is nothing to say.
    pub(crate) fn new(model: &Model, text: &str, options: &Options) -> Result<Self, SpeechError> {
        if options.max_tokens == 0 {
            return Err(SpeechError::MaxTokens);
        }
        let mut noise = Noise::new(options.seed, options.temperature, options.noise_clamp)?;
        if options.eos_threshold.is_nan() {
            return Err(SpeechError::EosThreshold);
        }
        // Refused now rather than after the first frame.
        Sampler::new(
            model.manifest().model.flow_lm.flow.kind,
            Vec::new(),
            options.steps,
        )?;
        let passages = text::parse(text)?;
        for passage in &passages {
            if let Passage::Text(text) = passage {
                text::prepare_text_prompt(text, &model.manifest().text)?;
            }
        }
        Ok(Self {
            model: model.clone(),
            options: options.clone(),
            noise: Box::new(move |values| noise.fill(values)),
            passages: passages.into(),
            chunks: VecDeque::new(),
            state: State::Between,
        })
    }

    /// Takes the noise from `source` instead: recorded noise makes recorded latents.
    #[must_use]
    pub fn with_noise(mut self, source: NoiseSource) -> Self {
        self.noise = source;
        self
    }

    /// What comes next. Until the outputs of a call are supplied, it is that call.
    pub fn next_action(&mut self) -> Result<Action, SpeechError> {
        let state = std::mem::replace(&mut self.state, State::Between);
        let (state, action) = match state {
            State::Between => return self.begin(),
            State::Tokens { ids, end } => {
                let call = Call {
                    component: ComponentName::TextConditioner,
                    inputs: vec![("token_ids", Tensor::i64([1, ids.len()], ids.clone())?)],
                };
                (State::Tokens { ids, end }, Action::Run(call))
            }
            State::Backbone { end, .. } if end.is_over() => {
                let cut = end.is_cut();
                (State::Between, Action::Emit(Sound::End { cut }))
            }
            State::Backbone {
                embeddings,
                latents,
                end,
            } => {
                let call = Call {
                    component: ComponentName::FlowLm,
                    inputs: vec![
                        ("embeddings", embeddings.clone()),
                        ("latents", latents.clone()),
                    ],
                };
                let state = State::Backbone {
                    embeddings,
                    latents,
                    end,
                };
                (state, Action::Run(call))
            }
            State::Sampling {
                conditioning,
                sampler,
                end,
            } => {
                if let Some(call) = flow_net(&conditioning, &sampler)? {
                    let state = State::Sampling {
                        conditioning,
                        sampler,
                        end,
                    };
                    (state, Action::Run(call))
                } else {
                    let latent = sampler.into_latent();
                    let state = State::Backbone {
                        embeddings: self.no_embeddings()?,
                        latents: Tensor::f32([1, 1, latent.len()], latent.clone())?,
                        end,
                    };
                    (state, Action::Emit(Sound::Latent(latent)))
                }
            }
        };
        self.state = state;
        Ok(action)
    }

    /// Takes the outputs of the call that came last.
    pub fn supply(
        &mut self,
        outputs: impl IntoIterator<Item = (String, Tensor)>,
    ) -> Result<(), SpeechError> {
        let state = std::mem::replace(&mut self.state, State::Between);
        self.state = match state {
            State::Between => return Err(SpeechError::NotAsked),
            State::Tokens { end, .. } => {
                let mut outputs = Outputs::new(ComponentName::TextConditioner, outputs);
                let ldim = self.latent_dim();
                State::Backbone {
                    embeddings: outputs.take("embeddings")?,
                    // NaN stands for the beginning of speech.
                    latents: Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?,
                    end,
                }
            }
            State::Backbone {
                embeddings,
                latents,
                mut end,
            } => {
                let mut outputs = Outputs::new(ComponentName::FlowLm, outputs);
                let conditioning = outputs.take("conditioning")?;
                let logit = first(&outputs.take("eos_logit")?);
                match end.step(logit) {
                    Verdict::Stop => State::Backbone {
                        embeddings,
                        latents,
                        end,
                    },
                    Verdict::Speak => State::Sampling {
                        conditioning,
                        sampler: self.sampler()?,
                        end,
                    },
                }
            }
            State::Sampling {
                conditioning,
                mut sampler,
                end,
            } => {
                let flow = Outputs::new(ComponentName::FlowNet, outputs).take("flow")?;
                let shape = || SpeechError::Shape {
                    component: ComponentName::FlowNet,
                    output: "flow",
                    shape: flow.shape().to_vec(),
                };
                let values = flow.as_f32().filter(|v| v.len() == self.latent_dim());
                sampler.supply(values.ok_or_else(shape)?)?;
                State::Sampling {
                    conditioning,
                    sampler,
                    end,
                }
            }
        };
        Ok(())
    }

    /// The next chunk, the next pause, or the end.
    fn begin(&mut self) -> Result<Action, SpeechError> {
        let manifest = self.model.manifest();
        let (text_options, tokenizer) = (&manifest.text, self.model.tokenizer());
        loop {
            if let Some(chunk) = self.chunks.pop_front() {
                let prepared = text::prepare_text_prompt(&chunk, text_options)?;
                let ids = tokenizer.encode(&prepared.text);
                let guess = prepared.frames_after_eos_guess + 2;
                let end = EndOfSpeech::new(
                    self.options.eos_threshold,
                    self.options.frames_after_eos.unwrap_or(guess),
                    max_frames(ids.len(), manifest.frame_rate),
                );
                self.state = State::Tokens { ids, end };
                return Ok(Action::Emit(Sound::Begin {
                    text: prepared.text,
                }));
            }
            match self.passages.pop_front() {
                None => return Ok(Action::Done),
                Some(Passage::Pause(seconds)) => {
                    let samples = (seconds * f64::from(manifest.sample_rate)).round() as usize;
                    return Ok(Action::Emit(Sound::Silence(samples)));
                }
                Some(Passage::Text(text)) => {
                    let max_tokens = self.options.max_tokens;
                    self.chunks = text::chunks(tokenizer, &text, max_tokens, text_options)?.into();
                }
            }
        }
    }

    fn latent_dim(&self) -> usize {
        self.model.manifest().model.mimi.quantizer.dimension
    }

    fn no_embeddings(&self) -> Result<Tensor, SpeechError> {
        let width = self.model.manifest().model.flow_lm.transformer.d_model;
        Ok(Tensor::f32([1, 0, width], Vec::new())?)
    }

    /// A sampler that starts from fresh noise.
    fn sampler(&mut self) -> Result<Sampler, SpeechError> {
        let mut noise = vec![0.0; self.latent_dim()];
        (self.noise)(&mut noise);
        let kind = self.model.manifest().model.flow_lm.flow.kind;
        Ok(Sampler::new(kind, noise, self.options.steps)?)
    }
}

/// The call that the sampler needs next, if it needs one.
fn flow_net(conditioning: &Tensor, sampler: &Sampler) -> Result<Option<Call>, SpeechError> {
    let Some(step) = sampler.next_call() else {
        return Ok(None);
    };
    let mut inputs = vec![("conditioning", conditioning.clone())];
    for (name, time) in step.times() {
        inputs.push((name, Tensor::f32([1, 1], vec![time])?));
    }
    inputs.push(("x", Tensor::f32([1, step.x.len()], step.x.to_vec())?));
    Ok(Some(Call {
        component: ComponentName::FlowNet,
        inputs,
    }))
}

fn first(tensor: &Tensor) -> f32 {
    tensor
        .as_f32()
        .and_then(|v| v.first().copied())
        .unwrap_or(f32::NEG_INFINITY)
}
