//! Measures how much the heads look at each word.

use bundle::ComponentName;
use tensor::Tensor;

use crate::SpeechError;

/// The chunk's text among the positions, and the units of its tokens.
#[derive(Clone, Debug)]
pub(crate) struct TextScores {
    shares: Vec<Vec<(usize, f32)>>,
    units: usize,
    /// The position of the first token; not known before the first call.
    start: Option<usize>,
}

impl TextScores {
    pub(crate) fn new(shares: Vec<Vec<(usize, f32)>>, units: usize) -> Self {
        Self {
            shares,
            units,
            start: None,
        }
    }

    /// The mean attention of the heads to each unit. `attention` [1, heads, positions] is that of
    /// the last position, before the softmax, which is taken over the text only. In the first call,
    /// the text and one latent are the last positions.
    pub(crate) fn of(&mut self, attention: &Tensor) -> Result<Vec<f32>, SpeechError> {
        let (heads, start) = self.of_each(attention)?;
        self.start = Some(start);
        let mut scores = vec![0.0; self.units];
        for head in &heads {
            for (score, of_head) in scores.iter_mut().zip(head) {
                *score += of_head;
            }
        }
        for score in &mut scores {
            *score /= heads.len() as f32;
        }
        Ok(scores)
    }

    /// The attention of each head to each unit, and the position at which the text begins.
    pub(crate) fn of_each(
        &self,
        attention: &Tensor,
    ) -> Result<(Vec<Vec<f32>>, usize), SpeechError> {
        let tokens = self.shares.len();
        let wrong = || SpeechError::Shape {
            component: ComponentName::FlowLm,
            output: bundle::ATTENTION,
            shape: attention.shape().to_vec(),
        };
        let (&[_, heads, positions], Some(values)) = (attention.shape(), attention.as_f32()) else {
            return Err(wrong());
        };
        let start = match self.start {
            Some(start) => start,
            None => positions.checked_sub(tokens + 1).ok_or_else(wrong)?,
        };
        if heads == 0 || start + tokens > positions {
            return Err(wrong());
        }
        let of_head = |head: &[f32]| {
            let text = softmax(&head[start..start + tokens]);
            let mut scores = vec![0.0; self.units];
            for (attention, shares) in text.iter().zip(&self.shares) {
                for &(unit, share) in shares {
                    scores[unit] += attention * share;
                }
            }
            scores
        };
        Ok((values.chunks_exact(positions).map(of_head).collect(), start))
    }
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut weights: Vec<f32> = (scores.iter())
        .map(|score| libm::expf(score - largest))
        .collect();
    let total: f32 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= total;
    }
    weights
}
