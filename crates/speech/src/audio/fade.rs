//! Fades, in the numbers of `torch.linspace`.

/// `torch.linspace(from, to, count)` at `index`: it counts from both ends.
pub(super) fn linspace(from: f32, to: f32, count: usize, index: usize) -> f32 {
    if count < 2 {
        return from;
    }
    let step = (to - from) / (count - 1) as f32;
    if index < count / 2 {
        from + step * index as f32
    } else {
        to - step * (count - 1 - index) as f32
    }
}

/// Fades in the first 5 ms of a chunk, which otherwise begins with a click.
pub(crate) struct FadeIn {
    length: usize,
    done: usize,
}

impl FadeIn {
    pub(crate) fn new(sample_rate: u32) -> Self {
        Self {
            length: sample_rate as usize / 200,
            done: 0,
        }
    }

    /// Fades the next samples of the chunk.
    pub(crate) fn apply(&mut self, samples: &mut [f32]) {
        for sample in samples.iter_mut().take(self.length - self.done) {
            *sample *= linspace(0.0, 1.0, self.length, self.done);
            self.done += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fade_goes_on_from_call_to_call() {
        let mut whole = vec![1.0; 300];
        FadeIn::new(24_000).apply(&mut whole);
        let mut parts = vec![1.0; 300];
        let mut fade = FadeIn::new(24_000);
        for part in parts.chunks_mut(50) {
            fade.apply(part);
        }
        assert_eq!(whole, parts);
        assert_eq!((whole[0], whole[119], whole[120]), (0.0, 1.0, 1.0));
        assert!((whole[60] - 60.0 / 119.0).abs() < 1e-6);
    }
}
