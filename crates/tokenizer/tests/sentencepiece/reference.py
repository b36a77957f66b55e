"""What SentencePiece makes of the lines in FOLDER/lines.json: FOLDER/NAME.ids.json for each
NAME.model there, and for models of other kinds that are trained first.

    python reference.py FOLDER
"""
import collections, json, random, sys
from pathlib import Path
import sentencepiece as spm

folder = Path(sys.argv[1])
lines = json.loads((folder / "lines.json").read_text())
text = lines[:4000]
# Characters of their own would need a larger vocabulary than the lines can fill.
common = {c for c, _ in collections.Counter("".join(text)).most_common(250)} - set("\0\n\r")
text = ["".join(c for c in line if c in common) for line in text]
fallback = {"byte_fallback": True, "vocab_size": 900}
for name, options in {
    "unigram_symbols": {"model_type": "unigram", **fallback, "user_defined_symbols": ["<laugh>", "ab", "the "], "control_symbols": ["<pad>"]},
    "bpe_symbols": {"model_type": "bpe", **fallback, "user_defined_symbols": ["<laugh>", "ab", "the "], "control_symbols": ["<pad>"]},
    "unigram_suffix": {"model_type": "unigram", **fallback, "treat_whitespace_as_suffix": True, "normalization_rule_name": "nfkc_cf"},
    "bpe_plain": {"model_type": "bpe", "vocab_size": 1200, "add_dummy_prefix": False, "remove_extra_whitespaces": False, "normalization_rule_name": "nmt_nfkc_cf"},
    "unigram_plain": {"model_type": "unigram", "vocab_size": 1200, "add_dummy_prefix": False, "normalization_rule_name": "nfkc"},
    "unigram_across": {"model_type": "unigram", **fallback, "split_by_whitespace": False, "normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "chars": {"model_type": "char", "vocab_size": 400},
    "words": {"model_type": "word", "vocab_size": 400, "normalization_rule_name": "identity"},
}.items():
    spm.SentencePieceTrainer.train(sentence_iterator=iter(text), model_prefix=str(folder / name), character_coverage=0.995,
        hard_vocab_limit=False, minloglevel=2, **options)
for path in sorted(folder.glob("*.model")):
    sp, choose, rows = spm.SentencePieceProcessor(model_file=str(path)), random.Random(1), []
    for line in lines:
        ids = sp.encode(line, out_type=int)
        start, end = sorted(choose.randint(0, len(ids)) for _ in range(2))
        rows.append({"ids": ids, "range": [start, end], "text": sp.decode(ids[start:end])})
    path.with_suffix(".ids.json").write_text(json.dumps(rows))
