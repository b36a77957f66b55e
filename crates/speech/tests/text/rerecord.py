"""Records anew what depends on tokenizer.json in hard_lines.json.gz and hard_texts.json.gz.

    pip install -r ../../../../fixtures/tokenizers/requirements.txt pocket-tts==4.0.1
    python rerecord.py ../../../checkpoint/assets/tokenizer.json
"""
import gzip, json, logging, sys
from pathlib import Path

from pocket_tts.models.text_chunking import split_into_best_sentences
from pocket_tts.modules.text_conditioner import JsonTokenizer

logging.disable(logging.WARNING)
tokenizer = JsonTokenizer(4000, sys.argv[1])

def rewrite(name, change):
    path = Path(__file__).with_name(f"{name}.json.gz")
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().split("\n")]
    changed = sum(bool(change(line, lines[0])) for line in lines)
    text = "\n".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(name, len(lines), "lines,", changed, "changed")

def line(it, _):
    before = json.dumps(it)
    old, sentencepiece = it["j"], it.get("s") or it["j"]
    it["j"] = tokenizer.encode(it["t"])
    it["s"] = None if sentencepiece == it["j"] else sentencepiece
    if it["s"] is None: del it["s"]
    start, end = (min(at, len(it["j"])) for at in it["js"])
    it["js"], it["jd"] = [start, end], tokenizer.decode(it["j"][start:end])
    return json.dumps(it) != before

def text(it, first):
    if "options" in it or it.get("p") is None: return False
    before = json.dumps(it)
    sentencepiece = it.get("s") or it["j"]
    it["j"] = split_into_best_sentences(tokenizer, it["t"], it["m"], **first["options"][it["o"]])
    it.pop("s", None)
    if sentencepiece != it["j"]: it["s"] = sentencepiece
    return json.dumps(it) != before

rewrite("hard_lines", line)
rewrite("hard_texts", text)
