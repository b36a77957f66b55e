//! Counterpart of `generate_audio_stream` and what it calls in pocket-tts `models/tts_model.py`: from
//! a text to latents.
//!
//! Nothing is run here. The host asks for the [`Action`] that comes next, does it, and supplies
//! the outputs of a call:
//!
//! 1. [`Action::Emit`] with [`SpeechEvent::Begin`]: start `flow_lm` again from the voice;
//! 2. [`Action::Run`] of `text_conditioner`, then for each frame of `flow_lm` and, as often as
//!    the sampler has steps, of `flow_net`;
//! 3. [`Action::Emit`] with a [`SpeechEvent::Latent`], for [`crate::Decoding`], and again from 2;
//! 4. [`Action::Done`].
//!
//! The text is read as it is spoken. [`Action::Again`] comes after a piece of it that completes no
//! chunk, so that a host can stop in between, however long the text is; and [`Action::Wait`] if the
//! source has no more of it for now.

use bundle::{ComponentName, names};
use serde::{Deserialize, Serialize};
use tensor::Tensor;

use crate::call::CallOutputs;
use crate::end_of_speech::{EndOfSpeech, Verdict, max_frames};
use crate::letters::UnknownLetters;
use crate::words::TextScores;
use crate::{
    Asking, Call, ChunkOrPause, ChunkWords, Next, Noise, Sampler, SpeechError, SpeechModel,
    SpeechNotice, SpeechOptions, TextCheck, TextChunk, TextError, TextPiece, TextStream,
};

/// Bytes of a text that are worked on in one go.
const TEXT_STEP_BYTES: usize = 2048;

/// What a host has to do next.
#[derive(Debug)]
pub enum Action {
    /// Run a component and supply its outputs.
    Run(Call),
    /// Hand this on to the decoder, in order.
    Emit(SpeechEvent),
    /// Ask again: a piece of the text has been read, and nothing can be done with it yet.
    Again,
    /// Wait for more of the text, then ask again: the source has none for now.
    Wait(Asking),
    /// Nothing: everything was spoken.
    Done,
}

/// What an utterance hands to the decoder, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum SpeechEvent {
    /// A chunk of text begins: `flow_lm` starts again from the voice, `mimi_decoder` afresh.
    Begin {
        /// The chunk, as it is tokenized.
        text: String,
        /// The part of the source that it speaks.
        source: SourceRange,
        /// Its words, if times were asked for: the host then watches the attention of `flow_lm`.
        words: Option<ChunkWords>,
    },
    /// How much the word heads look at each unit of the chunk's words, for the next frame.
    Scores(Vec<f32>),
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

/// A part of a source text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRange {
    /// Its bytes.
    pub bytes: std::ops::Range<usize>,
    /// Its UTF-16 units, which JavaScript counts in.
    pub utf16: std::ops::Range<usize>,
}

impl SourceRange {
    fn of(chunk: &TextChunk) -> Self {
        let bytes = chunk.source();
        let [start, end] = [bytes.start, bytes.end].map(|at| chunk.excerpt.utf16(at));
        Self {
            bytes,
            utf16: start..end,
        }
    }
}

/// Where the noise comes from: fills a slice with the next values.
pub type NoiseSource = Box<dyn FnMut(&mut [f32]) + Send>;

/// What a source of text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoreText {
    /// The next piece, best of a few thousand bytes.
    Piece(TextPiece),
    /// No text: speak what has come without waiting for more.
    Flush,
    /// No text for now.
    Nothing,
    /// The end of the text.
    Over,
}

impl From<Option<TextPiece>> for MoreText {
    fn from(piece: Option<TextPiece>) -> Self {
        piece.map_or(Self::Over, Self::Piece)
    }
}

/// Where the text comes from: called for more of it, with what the utterance has ([`Asking`]).
pub type TextSource =
    Box<dyn FnMut(Asking) -> Result<MoreText, Box<dyn std::error::Error + Send + Sync>> + Send>;

/// A text that is being spoken.
pub struct Generation {
    model: SpeechModel,
    options: SpeechOptions,
    noise: NoiseSource,
    source: TextSource,
    text: TextStream,
    near_misses: Vec<String>,
    unknown_letters: UnknownLetters,
    state: GenerationState,
    /// What comes before the next action.
    pending: Option<SpeechEvent>,
    /// Finds the chunk's words in the attention, if word times were asked for.
    scores: Option<TextScores>,
    /// The source after the last word.
    left: String,
    /// An error in the text; returned once the text before it has been spoken.
    failure: Option<TextError>,
}

/// What the utterance is doing.
enum GenerationState {
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

impl Generation {
    /// Speaks a complete text; refuses one of white space alone.
    pub(crate) fn of_text(
        model: &SpeechModel,
        text: TextPiece,
        options: &SpeechOptions,
    ) -> Result<Self, SpeechError> {
        let mut check = TextCheck::default();
        // Signs that were rewritten to nothing are no reason to refuse the text.
        check.push(text.source())?;
        let near_misses = check.finish()?;
        let utterance = Self::new(model, pieces(text), options)?;
        Ok(Self {
            near_misses,
            ..utterance
        })
    }

    /// Speaks what comes from `source`.
    pub(crate) fn new(
        model: &SpeechModel,
        source: TextSource,
        options: &SpeechOptions,
    ) -> Result<Self, SpeechError> {
        if options.max_tokens == 0 {
            return Err(SpeechError::MaxTokens);
        }
        let mut noise = Noise::new(options.seed, options.temperature, options.noise_clamp)?;
        if options.words && model.manifest().word_heads().is_empty() {
            return Err(SpeechError::NoWordHeads);
        }
        if options.eos_threshold.is_nan() {
            return Err(SpeechError::EosThreshold);
        }
        // Refused now rather than after the first frame.
        Sampler::new(
            model.manifest().model.flow_lm.flow.kind,
            Vec::new(),
            options.steps,
        )?;
        Ok(Self {
            model: model.clone(),
            options: options.clone(),
            noise: Box::new(move |values| noise.fill(values)),
            source,
            text: TextStream::new(model.tokenizer(), options.max_tokens),
            near_misses: Vec::new(),
            unknown_letters: UnknownLetters::default(),
            state: GenerationState::Between,
            pending: None,
            scores: None,
            left: String::new(),
            failure: None,
        })
    }

    /// How it is spoken.
    pub fn options(&self) -> &SpeechOptions {
        &self.options
    }

    /// Notices: things in the text or the options that may be mistakes. They are complete only at the
    /// end, where a text shows that it has no words or letters that nobody knows, and one that is read while it is spoken what
    /// looks like a pause; [`TextCheck`] finds that before.
    pub fn notices(&self) -> Vec<SpeechNotice> {
        let found = if self.near_misses.is_empty() {
            self.text.near_misses()
        } else {
            &self.near_misses
        };
        let mut notices = SpeechNotice::all(found, &self.options, self.model.manifest());
        notices.extend(self.text.has_no_words().then_some(SpeechNotice::NoWords));
        let letters = self.unknown_letters.list();
        notices.extend(letters.map(|letters| SpeechNotice::UnknownLetters { letters }));
        notices
    }

    /// Takes the noise from `source` instead: recorded noise makes recorded latents.
    #[must_use]
    pub fn with_noise(mut self, source: NoiseSource) -> Self {
        self.noise = source;
        self
    }

    /// The text after the last word, once everything was spoken and words were asked for.
    pub fn rest(&self) -> String {
        format!("{}{}", self.left, self.text.rest().text)
    }

    /// For finding word heads: how much each watched head looks at each unit of the chunk's words,
    /// from the output `attention` of a call of `flow_lm`, before the outputs are supplied.
    pub fn scores_of_heads(&self, attention: &Tensor) -> Result<Vec<Vec<f32>>, SpeechError> {
        match &self.scores {
            Some(scores) => Ok(scores.of_each(attention)?.0),
            None => Err(SpeechError::NotAsked),
        }
    }

    /// What comes next. Until the outputs of a call are supplied, it is that call.
    pub fn next_action(&mut self) -> Result<Action, SpeechError> {
        if let Some(event) = self.pending.take() {
            return Ok(Action::Emit(event));
        }
        let state = std::mem::replace(&mut self.state, GenerationState::Between);
        let (state, action) = match state {
            GenerationState::Between => return self.begin(),
            GenerationState::Tokens { ids, end } => {
                let call = Call {
                    component: ComponentName::TextConditioner,
                    inputs: vec![(names::TOKEN_IDS, Tensor::i64([1, ids.len()], ids.clone())?)],
                };
                (GenerationState::Tokens { ids, end }, Action::Run(call))
            }
            GenerationState::Backbone { end, .. } if end.is_over() => {
                let cut = end.is_cut();
                (
                    GenerationState::Between,
                    Action::Emit(SpeechEvent::End { cut }),
                )
            }
            GenerationState::Backbone {
                embeddings,
                latents,
                end,
            } => {
                let call = Call {
                    component: ComponentName::FlowLm,
                    inputs: vec![
                        (names::EMBEDDINGS, embeddings.clone()),
                        (names::LATENTS, latents.clone()),
                    ],
                };
                let state = GenerationState::Backbone {
                    embeddings,
                    latents,
                    end,
                };
                (state, Action::Run(call))
            }
            GenerationState::Sampling {
                conditioning,
                sampler,
                end,
            } => {
                if let Some(call) = flow_net(&conditioning, &sampler)? {
                    let state = GenerationState::Sampling {
                        conditioning,
                        sampler,
                        end,
                    };
                    (state, Action::Run(call))
                } else {
                    let latent = sampler.into_latent();
                    let state = GenerationState::Backbone {
                        embeddings: self.no_embeddings()?,
                        latents: Tensor::f32([1, 1, latent.len()], latent.clone())?,
                        end,
                    };
                    (state, Action::Emit(SpeechEvent::Latent(latent)))
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
        let state = std::mem::replace(&mut self.state, GenerationState::Between);
        self.state = match state {
            GenerationState::Between => return Err(SpeechError::NotAsked),
            GenerationState::Tokens { end, .. } => {
                let mut outputs = CallOutputs::new(ComponentName::TextConditioner, outputs);
                let ldim = self.latent_dim();
                GenerationState::Backbone {
                    embeddings: outputs.take(names::EMBEDDINGS)?,
                    // NaN stands for the beginning of speech.
                    latents: Tensor::f32([1, 1, ldim], vec![f32::NAN; ldim])?,
                    end,
                }
            }
            GenerationState::Backbone {
                embeddings,
                latents,
                mut end,
            } => {
                let mut outputs = CallOutputs::new(ComponentName::FlowLm, outputs);
                let conditioning = outputs.take(names::CONDITIONING)?;
                let logit = first(&outputs.take(names::EOS_LOGIT)?);
                let scores = match &mut self.scores {
                    Some(scores) => Some(scores.of(&outputs.take(bundle::ATTENTION)?)?),
                    None => None,
                };
                match end.step(logit) {
                    Verdict::Stop => GenerationState::Backbone {
                        embeddings,
                        latents,
                        end,
                    },
                    Verdict::Speak => {
                        self.pending = scores.map(SpeechEvent::Scores);
                        GenerationState::Sampling {
                            conditioning,
                            sampler: self.sampler()?,
                            end,
                        }
                    }
                }
            }
            GenerationState::Sampling {
                conditioning,
                mut sampler,
                end,
            } => {
                let flow = CallOutputs::new(ComponentName::FlowNet, outputs).take(names::FLOW)?;
                let shape = || SpeechError::Shape {
                    component: ComponentName::FlowNet,
                    output: names::FLOW,
                    shape: flow.shape().to_vec(),
                };
                let values = flow.as_f32().filter(|v| v.len() == self.latent_dim());
                sampler.supply(values.ok_or_else(shape)?)?;
                GenerationState::Sampling {
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
        let tokenizer = self.model.tokenizer();
        match self.text.next(tokenizer, &manifest.text)? {
            Next::Say(ChunkOrPause::Chunk(chunk)) => {
                let prepared = chunk.prepare(&manifest.text)?;
                self.unknown_letters.read(&prepared.text, tokenizer);
                let (ids, words) = if self.options.words {
                    let tokens = chunk.tokens(&prepared, tokenizer);
                    let left = std::mem::take(&mut self.left);
                    let (words, shares, left) = ChunkWords::of(&chunk, &prepared, &tokens, &left);
                    self.left = left;
                    self.scores = Some(TextScores::new(shares, words.units.len()));
                    let ids = tokens.into_iter().map(|token| token.id).collect();
                    (ids, Some(words))
                } else {
                    (tokenizer.encode(&prepared.text), None)
                };
                let guess = prepared.frames_after_eos_guess + 2;
                let end = EndOfSpeech::new(
                    self.options.eos_threshold,
                    self.options.frames_after_eos.unwrap_or(guess),
                    max_frames(ids.len(), manifest.frame_rate),
                );
                self.state = GenerationState::Tokens { ids, end };
                Ok(Action::Emit(SpeechEvent::Begin {
                    source: SourceRange::of(&chunk),
                    words,
                    text: prepared.text,
                }))
            }
            Next::Say(ChunkOrPause::Pause(seconds)) => {
                let samples = (seconds * f64::from(manifest.sample_rate)).round() as usize;
                Ok(Action::Emit(SpeechEvent::Silence(samples)))
            }
            Next::Again => Ok(Action::Again),
            Next::More => {
                if let Some(failure) = self.failure.take() {
                    return Err(failure.into());
                }
                let asking = self.text.asking();
                match (self.source)(asking).map_err(SpeechError::TextSource)? {
                    MoreText::Piece(piece) => {
                        if let Err(error) = self.text.push_piece(&piece) {
                            self.failure = Some(error);
                            self.text.flush()?;
                        }
                    }
                    MoreText::Flush => self.text.flush()?,
                    MoreText::Nothing => return Ok(Action::Wait(asking)),
                    MoreText::Over => self.text.finish()?,
                }
                Ok(Action::Again)
            }
            Next::Over => Ok(Action::Done),
        }
    }

    fn latent_dim(&self) -> usize {
        self.model.manifest().model.mimi.latent_dim()
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

/// The pieces of a complete text.
fn pieces(text: TextPiece) -> TextSource {
    let mut parts = text.parts(TEXT_STEP_BYTES);
    Box::new(move |_| Ok(parts.next().into()))
}

/// The call that the sampler needs next, if it needs one.
fn flow_net(conditioning: &Tensor, sampler: &Sampler) -> Result<Option<Call>, SpeechError> {
    let Some(step) = sampler.next_call() else {
        return Ok(None);
    };
    let mut inputs = vec![(names::CONDITIONING, conditioning.clone())];
    for (name, time) in step.times() {
        inputs.push((name, Tensor::f32([1, 1], vec![time])?));
    }
    inputs.push((names::X, Tensor::f32([1, step.x.len()], step.x.to_vec())?));
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
