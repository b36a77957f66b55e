"""Real-time factor of pocket-tts for the benchmark's utterance: a voice of 125 positions, 28
tokens, 120 frames. Run by `cargo xtask bench speak` where the package is installed."""
import sys
import time

import torch
from pocket_tts import TTSModel
from pocket_tts.modules.stateful_module import init_states

torch.set_num_threads(1)
model = TTSModel.load_model(config=sys.argv[1], eos_threshold=float("inf"))
lm = model.flow_lm
words = "the a to of in is it on as at by we he no so up an or if do my go us me be".split()
text, i = "The", 0
while len(lm.conditioner.tokenizer.encode(text + ".")) < 28:
    text, i = f"{text} {words[i % len(words)]}", i + 1
with torch.no_grad():
    voice = init_states(lm, 1, 125)
    prompt = torch.randn(1, 125, lm.dim)
    model._run_flow_lm_and_increment_step(model_state=voice, audio_conditioning=prompt)
for frames in (3, 120):
    samples, start = 0, time.monotonic()
    for chunk in model.generate_audio_stream(voice, text + "."):
        samples += chunk.shape[-1]
        if samples >= frames * 1920:
            break
    elapsed = time.monotonic() - start
print(elapsed * model.sample_rate / samples)
