"""Writes the files of older tokenizers, from the tokenizer.json of the golden cases and by SentencePiece's own trainer.

    python3 slow_files.py MODULES

MODULES is the folder of the modules (lora-dl4j). Needs the Python package sentencepiece (0.2.0). Each folder here that has the name of a
golden case is that tokenizer in older files, and must give its ids; `old-...` have no settings beside them, as the first published
models. `sentencepiece-...` are small models, and `expected.json` has the ids that SentencePiece gives.
"""
import base64
import io
import json
import os
import struct
import sys

import sentencepiece

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = {
    "distilbert": ("text", "DistilBertTokenizer", "distilbert"),
    "electra": ("text", "ElectraTokenizer", "electra"),
    "mpnet": ("text", "MPNetTokenizer", None),
    "roberta": ("text", "RobertaTokenizer", "roberta"),
    "deberta-v1": ("text", "DebertaTokenizer", "deberta"),
    "qwen3-embedding": ("text", "Qwen2Tokenizer", None),
    "albert": ("text", "AlbertTokenizer", "albert"),
    "deberta-v3": ("text", "DebertaV2Tokenizer", "deberta-v2"),
    "t5": ("text", "T5Tokenizer", None),
    "xlm-roberta": ("text", "XLMRobertaTokenizer", "xlm-roberta"),
    "wordpiece-uncased": ("language", "BertTokenizer", "bert"),
    "gpt2-style": ("language", "GPT2Tokenizer", "gpt2"),
    "llama2-style": ("language", "LlamaTokenizer", "llama"),
    "stories260k": ("language", "LlamaTokenizer", "mistral"),
}
FOLDERS = {"text": "encoders/tokenizers", "language": "language/tokenizers"}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, (bytes, str)):
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(int(value))


def sentencepiece_file(pieces, model_type, unknown, charsmap, removes_blanks):
    out = b"".join(field(1, field(1, t) + field(2, float(s)) + field(3, k)) for t, s, k in pieces)
    out += field(2, field(3, model_type) + field(40, unknown))
    return out + field(3, field(2, charsmap) + field(3, True) + field(4, removes_blanks))


def kind(text, unknown, specials):
    if text == unknown:
        return UNKNOWN
    if text in specials:
        return CONTROL
    return BYTE if len(text) == 6 and text.startswith("<0x") else NORMAL


def charsmap(tokenizer):
    for part in (tokenizer["normalizer"] or {}).get("normalizers", []):
        if part["type"] == "Precompiled":
            return base64.b64decode(part["precompiled_charsmap"])
    return b""


def pieces_of_unigram(name, tokenizer):
    vocab = [tuple(entry) for entry in tokenizer["model"]["vocab"]]
    specials = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    if name == "albert":
        comma = lambda t: len(t) > 1 and t[-1] == "," and t[-2].isdigit()
        vocab = [(t, s + 100 if comma(t) else s) for t, s in vocab]
    if name == "xlm-roberta":
        vocab = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)] + vocab[4:-1]
    if name == "t5":
        vocab = [entry for entry in vocab if not entry[0].startswith("<extra_id")]
    if name == "deberta-v3":
        vocab = vocab[:-1]
    unknown = "[UNK]" if name == "deberta-v3" else "<unk>"
    pieces = [(t, s, kind(t, unknown, specials)) for t, s in vocab]
    return pieces, [t for t, _ in vocab].index(unknown)


def pieces_of_bpe(tokenizer):
    """A piece's score is what it is worth: that of the first merge that makes it."""
    model = tokenizer["model"]
    ranks = {}
    for rank, merge in enumerate(model["merges"]):
        first, second = merge.split(" ") if isinstance(merge, str) else merge
        ranks.setdefault(first + second, rank)
    specials = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    order = sorted(model["vocab"].items(), key=lambda entry: entry[1])
    lowest = len(ranks)
    return [(t, -float(ranks.get(t, lowest)), kind(t, "<unk>", specials)) for t, _ in order]


def write(folder, name, content):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())


def dump(folder, name, content):
    write(folder, name, json.dumps(content, indent=1) + "\n")


def vocabulary(folder, name, tokenizer):
    model = tokenizer["model"]
    if model["type"] == "Unigram":
        pieces, unknown = pieces_of_unigram(name, tokenizer)
        file = {"deberta-v3": "spm.model", "xlm-roberta": "sentencepiece.bpe.model"}.get(name, "spiece.model")
        write(folder, file, sentencepiece_file(pieces, 1, unknown, charsmap(tokenizer), True))
        return
    order = [token for token, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
    if model["type"] == "WordPiece":
        write(folder, "vocab.txt", "".join(token + "\n" for token in order))
    elif model["byte_fallback"]:
        write(folder, "tokenizer.model", sentencepiece_file(pieces_of_bpe(tokenizer), 2, 0, b"", False))
    else:
        dump(folder, "vocab.json", model["vocab"])
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        write(folder, "merges.txt", "#version: 0.2\n" + "\n".join(merges) + "\n")


def golden(modules):
    for name, (module, cls, model_type) in GOLDEN.items():
        source = os.path.join(modules, module, "src/test/resources", FOLDERS[module], name)
        with open(os.path.join(source, "tokenizer.json"), encoding="utf-8") as file:
            tokenizer = json.load(file)
        folder = os.path.join(HERE, name)
        vocabulary(folder, name, tokenizer)
        settings = {"tokenizer_class": cls, "added_tokens_decoder": {
            str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokenizer["added_tokens"]}}
        published = os.path.join(source, "tokenizer_config.json")
        if os.path.exists(published):
            with open(published, encoding="utf-8") as file:
                settings = {**json.load(file), **settings}
        dump(folder, "tokenizer_config.json", settings)
        if model_type is not None:
            old = os.path.join(HERE, "old-" + name)
            vocabulary(old, name, tokenizer)
            dump(old, "config.json", {"model_type": model_type})
            if name == "deberta-v3":
                dump(old, "added_tokens.json", {"[MASK]": len(tokenizer["model"]["vocab"]) - 1})


CORPUS = """The quick brown fox jumps over the lazy dog, and the dog does not mind at all.
A tokenizer cuts a text into pieces that a model knows, and the pieces have numbers.
In 1984 there were 12,345 visitors; in 2024 there were 67,890 of them.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.
Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë.
El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío.
Съешь же ещё этих мягких французских булок да выпей чаю.
吾輩は猫である。名前はまだ無い。
def add(first, second):  return first + second
What is not known becomes bytes, and what is known becomes a piece.
""".splitlines()

TEXTS = ["", "a", "The quick brown fox.", "two  blanks and   three", "a trailing blank ", "tab\tand\nline",
         "Zwölf große Füße", "ﬁne ½ ① Ａｂｃ", "known pieces have 12,345 numbers", "你好 世界", "😀 smile 😀😀",
         "吾輩は猫である。", "e\u0301 and \u00e9", "zzzzqqqq", "<0x41> is no byte", "there were 67,890, in 2024"]
LEADING = [" a leading blank", "   three leading blanks"]


def trained(name, file, cls, texts, offset, extra_settings, **options):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 8), model_writer=out, hard_vocab_limit=False, minloglevel=2,
        num_threads=1, **options)
    folder = os.path.join(HERE, "sentencepiece-" + name)
    write(folder, file, out.getvalue())
    dump(folder, "tokenizer_config.json", {"tokenizer_class": cls, **extra_settings})
    judge = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    unknown = 3 if offset else judge.unk_id()
    ids = [[unknown if i == judge.unk_id() else i + offset for i in judge.encode(text)] for text in texts]
    dump(folder, "expected.json", {"texts": texts, "ids": ids})


def sentencepieces():
    unigram = dict(model_type="unigram", vocab_size=260, normalization_rule_name="nmt_nfkc")
    trained("unigram", "spiece.model", "T5Tokenizer", TEXTS + LEADING, 0, {}, pad_id=3, **unigram)
    plain = dict(model_type="unigram", vocab_size=260, normalization_rule_name="identity")
    trained("fairseq", "sentencepiece.bpe.model", "XLMRobertaTokenizer", TEXTS + LEADING, 1, {}, **plain)
    trained("camembert", "sentencepiece.bpe.model", "CamembertTokenizer", TEXTS + LEADING, 4, {}, **plain)
    trained("lower", "spiece.model", "T5Tokenizer", TEXTS + LEADING, 0, {}, model_type="unigram", vocab_size=240,
            normalization_rule_name="nmt_nfkc_cf", pad_id=3)
    bpe = dict(model_type="bpe", vocab_size=520, byte_fallback=True, normalization_rule_name="identity",
               remove_extra_whitespaces=False)
    trained("llama", "tokenizer.model", "LlamaTokenizer", TEXTS + LEADING, 0, {}, **bpe)
    trained("gemma", "tokenizer.model", "GemmaTokenizer", TEXTS + LEADING, 0, {}, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2,
            unk_id=3, bos_piece="<bos>", eos_piece="<eos>", user_defined_symbols=["<start_of_turn>"], **bpe)


golden(sys.argv[1])
sentencepieces()
