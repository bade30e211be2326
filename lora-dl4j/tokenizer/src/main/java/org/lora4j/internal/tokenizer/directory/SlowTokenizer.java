/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import static org.lora4j.internal.tokenizer.directory.JsonParts.byteLevel;
import static org.lora4j.internal.tokenizer.directory.JsonParts.metaspace;
import static org.lora4j.internal.tokenizer.directory.JsonParts.part;
import static org.lora4j.internal.tokenizer.directory.JsonParts.replaceExpression;
import static org.lora4j.internal.tokenizer.directory.JsonParts.replaceText;
import static org.lora4j.internal.tokenizer.directory.JsonParts.sequence;
import static org.lora4j.internal.tokenizer.directory.JsonParts.split;
import static org.lora4j.internal.tokenizer.directory.JsonParts.strip;
import static org.lora4j.internal.tokenizer.directory.JsonParts.template;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.tokenizer.directory.SentencePieceModel.Kind;
import org.lora4j.internal.tokenizer.directory.SentencePieceModel.Piece;
import org.lora4j.internal.tokenizer.directory.TokenizerSettings.AddedToken;

/**
 * Makes the {@code tokenizer.json} of a directory that has none, as Transformers makes it: a row a class of Transformers, which
 * says from which files, with which special tokens, and around what.
 *
 * @apiNote Status: internal
 */
public final class SlowTokenizer {

    /** What makes a tokenizer of files. */
    private interface Converter {
        Draft convert(TokenizerSettings settings, Map<String, AddedToken> named, Path file) throws IOException;
    }

    /** A class of Transformers: the files that it reads, the first of which there is, and its special tokens. */
    private record Row(List<String> files, Map<String, AddedToken> tokens, Converter converter) {}

    private static final String WORDS = "vocab.txt";
    private static final String IDS = "vocab.json";
    private static final String MERGES = "merges.txt";
    private static final String MODEL = "tokenizer.model";

    /** How Qwen's models cut words. */
    private static final String QWEN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String BLANK = "\u2581";
    private static final String BLANKS = " {2,}";
    private static final double NEVER = -100;
    private static final int MOST_EXTRA_IDS = 10_000;

    /** Around texts, and between two. */
    private static final List<String> CLS_A_SEP = List.of("cls_token:0", "$A:0", "sep_token:0");

    private static final List<String> TYPED = List.of("$B:1", "sep_token:1");
    private static final List<String> DOUBLE = List.of("sep_token:0", "$B:0", "sep_token:0");
    private static final List<String> DOUBLE_TYPED = List.of("sep_token:0", "$B:1", "sep_token:1");

    private static final Map<String, AddedToken> BERT = tokens(
            false,
            "unk_token",
            "[UNK]",
            "sep_token",
            "[SEP]",
            "pad_token",
            "[PAD]",
            "cls_token",
            "[CLS]",
            "mask_token",
            "[MASK]");
    private static final Map<String, AddedToken> ROBERTA = tokens(
            true,
            "bos_token",
            "<s>",
            "eos_token",
            "</s>",
            "unk_token",
            "<unk>",
            "sep_token",
            "</s>",
            "pad_token",
            "<pad>",
            "cls_token",
            "<s>",
            "mask_token",
            "<mask>");
    private static final Map<String, AddedToken> LLAMA =
            tokens(false, "bos_token", "<s>", "eos_token", "</s>", "unk_token", "<unk>");
    private static final String END = "<|endoftext|>";

    private static final Map<String, Row> ROWS = Map.ofEntries(
            Map.entry("BertTokenizer", new Row(List.of(WORDS), BERT, (s, n, f) -> wordPiece(s, n, f, TYPED))),
            Map.entry("DistilBertTokenizer", new Row(List.of(WORDS), BERT, (s, n, f) -> wordPiece(s, n, f, TYPED))),
            Map.entry("ElectraTokenizer", new Row(List.of(WORDS), BERT, (s, n, f) -> wordPiece(s, n, f, TYPED))),
            Map.entry(
                    "MPNetTokenizer",
                    new Row(
                            List.of(WORDS),
                            tokens(
                                    true,
                                    "bos_token",
                                    "<s>",
                                    "eos_token",
                                    "</s>",
                                    "unk_token",
                                    "[UNK]",
                                    "sep_token",
                                    "</s>",
                                    "pad_token",
                                    "<pad>",
                                    "cls_token",
                                    "<s>",
                                    "mask_token",
                                    "<mask>"),
                            (s, n, f) -> wordPiece(s, n, f, DOUBLE_TYPED))),
            Map.entry(
                    "GPT2Tokenizer",
                    new Row(
                            List.of(IDS),
                            tokens(false, "bos_token", END, "eos_token", END, "unk_token", END),
                            SlowTokenizer::gpt2)),
            Map.entry("RobertaTokenizer", new Row(List.of(IDS), ROBERTA, SlowTokenizer::roberta)),
            Map.entry(
                    "DebertaTokenizer",
                    new Row(
                            List.of(IDS),
                            tokens(
                                    true,
                                    "bos_token",
                                    "[CLS]",
                                    "eos_token",
                                    "[SEP]",
                                    "unk_token",
                                    "[UNK]",
                                    "sep_token",
                                    "[SEP]",
                                    "pad_token",
                                    "[PAD]",
                                    "cls_token",
                                    "[CLS]",
                                    "mask_token",
                                    "[MASK]"),
                            SlowTokenizer::deberta)),
            Map.entry(
                    "Qwen2Tokenizer",
                    new Row(
                            List.of(IDS),
                            tokens(false, "eos_token", END, "unk_token", END, "pad_token", END),
                            SlowTokenizer::qwen)),
            Map.entry(
                    "AlbertTokenizer",
                    new Row(
                            List.of("spiece.model"),
                            tokens(
                                    true,
                                    "bos_token",
                                    "[CLS]",
                                    "eos_token",
                                    "[SEP]",
                                    "unk_token",
                                    "<unk>",
                                    "sep_token",
                                    "[SEP]",
                                    "pad_token",
                                    "<pad>",
                                    "cls_token",
                                    "[CLS]",
                                    "mask_token",
                                    "[MASK]"),
                            SlowTokenizer::albert)),
            Map.entry(
                    "XLMRobertaTokenizer",
                    new Row(List.of("sentencepiece.bpe.model"), ROBERTA, SlowTokenizer::xlmRoberta)),
            Map.entry(
                    "CamembertTokenizer",
                    new Row(List.of("sentencepiece.bpe.model"), ROBERTA, SlowTokenizer::camembert)),
            Map.entry(
                    "T5Tokenizer",
                    new Row(
                            List.of("spiece.model"),
                            tokens(false, "eos_token", "</s>", "unk_token", "<unk>", "pad_token", "<pad>"),
                            SlowTokenizer::t5)),
            Map.entry(
                    "DebertaV2Tokenizer",
                    new Row(
                            List.of("spm.model"),
                            tokens(
                                    false,
                                    "bos_token",
                                    "[CLS]",
                                    "eos_token",
                                    "[SEP]",
                                    "unk_token",
                                    "[UNK]",
                                    "sep_token",
                                    "[SEP]",
                                    "pad_token",
                                    "[PAD]",
                                    "cls_token",
                                    "[CLS]",
                                    "mask_token",
                                    "[MASK]"),
                            SlowTokenizer::debertaV2)),
            Map.entry("LlamaTokenizer", new Row(List.of(MODEL), LLAMA, SlowTokenizer::llama)),
            Map.entry(
                    "GemmaTokenizer",
                    new Row(
                            List.of(MODEL),
                            tokens(
                                    false,
                                    "bos_token",
                                    "<bos>",
                                    "eos_token",
                                    "<eos>",
                                    "unk_token",
                                    "<unk>",
                                    "pad_token",
                                    "<pad>"),
                            SlowTokenizer::gemma)));

    /** The class of a {@code model_type}, for directories that name none. */
    static final Map<String, String> OF_MODEL = Map.ofEntries(
            Map.entry("albert", "AlbertTokenizer"),
            Map.entry("bert", "BertTokenizer"),
            Map.entry("camembert", "CamembertTokenizer"),
            Map.entry("deberta", "DebertaTokenizer"),
            Map.entry("deberta-v2", "DebertaV2Tokenizer"),
            Map.entry("distilbert", "DistilBertTokenizer"),
            Map.entry("electra", "ElectraTokenizer"),
            Map.entry("gemma", "GemmaTokenizer"),
            Map.entry("gemma2", "GemmaTokenizer"),
            Map.entry("gpt2", "GPT2Tokenizer"),
            Map.entry("llama", "LlamaTokenizer"),
            Map.entry("mistral", "LlamaTokenizer"),
            Map.entry("mpnet", "MPNetTokenizer"),
            Map.entry("qwen2", "Qwen2Tokenizer"),
            Map.entry("qwen3", "Qwen2Tokenizer"),
            Map.entry("roberta", "RobertaTokenizer"),
            Map.entry("t5", "T5Tokenizer"),
            Map.entry("xlm-roberta", "XLMRobertaTokenizer"));

    /** The files that a directory without {@code tokenizer.json} may have. */
    public static final Set<String> FILES =
            ROWS.values().stream().flatMap(row -> row.files().stream()).collect(Collectors.toCollection(TreeSet::new));

    private SlowTokenizer() {}

    private static Map<String, AddedToken> tokens(boolean stripsBeforeMask, String... namesAndTokens) {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        for (int i = 0; i < namesAndTokens.length; i += 2) {
            boolean mask = namesAndTokens[i].equals("mask_token");
            tokens.put(namesAndTokens[i], AddedToken.special(namesAndTokens[i + 1], mask && stripsBeforeMask));
        }
        return tokens;
    }

    /** Whether a directory has files that some class of Transformers reads. */
    public static boolean isIn(Path directory) {
        return FILES.stream().anyMatch(name -> Files.exists(directory.resolve(name)));
    }

    /**
     * Makes the file.
     *
     * @param directory a directory without {@code tokenizer.json}
     * @return the bytes of the {@code tokenizer.json} that Transformers makes of its files
     * @throws ModelFormatException if a file is damaged, or its class or a setting is not supported
     * @throws IOException if a file is missing or cannot be read
     */
    public static byte[] json(Path directory) throws IOException {
        TokenizerSettings settings = new TokenizerSettings(directory);
        String name = settings.tokenizerClass();
        Row row = name == null ? null : ROWS.get(name);
        if (row == null) {
            throw new ModelFormatException(
                    MessageText.path(directory) + ": the tokenizer is "
                            + (name == null ? "of a class that no file names" : "a " + MessageText.name(name))
                            + "; expected a tokenizer.json, or in tokenizer_config.json one of "
                            + MessageText.values(ROWS.keySet().stream().sorted().toList())
                            + ". Save the tokenizer as tokenizer.json with Transformers. See docs/troubleshooting.md#tokenizer");
        }
        Path file = row.files().stream()
                .map(directory::resolve)
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new NoSuchFileException(
                        MessageText.path(directory),
                        null,
                        "has neither tokenizer.json nor " + String.join(", ", row.files()) + ", which a " + name
                                + " reads. Get the files of the tokenizer."));
        settings.require("split_special_tokens", false);
        if (settings.value("sp_model_kwargs") instanceof Map<?, ?> options && !options.isEmpty()) {
            throw settings.refused("sp_model_kwargs", options, "expected none: they are not supported");
        }
        Map<String, AddedToken> named = settings.named(row.tokens());
        Draft draft = row.converter().convert(settings, named, file);
        List<Map<String, Object>> added = added(settings, named, draft);
        settings.end();
        for (String token : draft.around) {
            if (!named.containsKey(token)) {
                throw settings.refused(token, null, "expected a token, which a " + name + " puts around texts");
            }
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", null);
        json.put("padding", null);
        json.put("added_tokens", added);
        json.put("normalizer", sequence("normalizers", draft.normalizers));
        json.put("pre_tokenizer", draft.preTokenizer);
        json.put("post_processor", draft.joining.part(named, draft.all));
        json.put("decoder", draft.decoder);
        json.put("model", draft.model);
        return JsonObjects.write(json).getBytes(StandardCharsets.UTF_8);
    }

    /** The tokens beside those of the model, which get their ids in this order. */
    private static List<Map<String, Object>> added(
            TokenizerSettings settings, Map<String, AddedToken> named, Draft draft) throws IOException {
        List<AddedToken> special = new ArrayList<>(named.values());
        special.addAll(draft.further);
        special.addAll(settings.further());
        Set<String> spelled = special.stream().map(AddedToken::content).collect(Collectors.toSet());
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        draft.added.forEach((content, token) ->
                tokens.put(content, spelled.contains(content) ? AddedToken.special(content, token.lstrip()) : token));
        special.stream()
                .filter(token -> draft.ids.containsKey(token.content()))
                .forEach(token -> tokens.put(token.content(), token));
        TreeMap<Integer, AddedToken> byId = settings.added(spelled);
        Map<String, Integer> ids = new LinkedHashMap<>(draft.ids);
        for (Map.Entry<Integer, AddedToken> entry : byId.entrySet()) {
            String content = entry.getValue().content();
            int id = ids.computeIfAbsent(content, unknown -> ids.size());
            if (id != entry.getKey()) {
                throw settings.refused(
                        "the id of the added token " + MessageText.name(content),
                        entry.getKey(),
                        "expected " + id + ", by the files of the tokenizer");
            }
            tokens.put(content, entry.getValue());
        }
        special.forEach(token -> {
            ids.computeIfAbsent(token.content(), unknown -> ids.size());
            tokens.putIfAbsent(token.content(), token);
        });
        draft.all.putAll(ids);
        return tokens.values().stream()
                .sorted((a, b) -> Integer.compare(ids.get(a.content()), ids.get(b.content())))
                .map(token -> json(token, ids.get(token.content())))
                .toList();
    }

    private static Map<String, Object> json(AddedToken token, int id) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("content", token.content());
        json.put("single_word", token.singleWord());
        json.put("lstrip", token.lstrip());
        json.put("rstrip", token.rstrip());
        json.put("normalized", token.normalized());
        json.put("special", token.special());
        return json;
    }

    /** A template whose places name special tokens by what they are for. */
    private static void around(Draft draft, List<String> single, List<String> pair) {
        draft.around = Stream.concat(single.stream(), pair.stream())
                .map(place -> place.substring(0, place.lastIndexOf(':')))
                .filter(name -> !name.startsWith("$"))
                .distinct()
                .toList();
        draft.joining = (named, ids) -> template(spelled(single, named), spelled(pair, named), ids);
    }

    private static List<String> spelled(List<String> places, Map<String, AddedToken> named) {
        return places.stream()
                .map(place -> {
                    int colon = place.lastIndexOf(':');
                    AddedToken token = named.get(place.substring(0, colon));
                    return token == null ? place : token.content() + place.substring(colon);
                })
                .toList();
    }

    private static List<String> join(List<String> first, List<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    private static String unknown(Map<String, AddedToken> named, Map<String, Integer> ids, Path file)
            throws ModelFormatException {
        AddedToken token = named.get("unk_token");
        if (token == null || !ids.containsKey(token.content())) {
            throw new ModelFormatException(MessageText.path(file) + ": has no token for unknown words, "
                    + (token == null ? "and unk_token names none" : MessageText.name(token.content()))
                    + "; expected it in the vocabulary. Get the files of one tokenizer."
                    + " See docs/troubleshooting.md#tokenizer");
        }
        return token.content();
    }

    private static Draft wordPiece(
            TokenizerSettings settings, Map<String, AddedToken> named, Path file, List<String> second)
            throws IOException {
        Map<String, Integer> ids = VocabularyFiles.lines(file);
        Draft draft = Draft.wordPiece(file.toString(), ids, unknown(named, ids, file));
        boolean lower = settings.flag("do_lower_case", true);
        boolean basic = settings.flag("do_basic_tokenize", true);
        boolean ideographs = settings.flag("tokenize_chinese_chars", true);
        Object accents = settings.value("strip_accents");
        if (accents != null && !(accents instanceof Boolean)) {
            throw settings.refused("strip_accents", accents, "expected true, false or null");
        }
        requireNeverSplit(settings, named);
        if (basic) {
            draft.normalizers = List.of(part(
                    "BertNormalizer",
                    "clean_text",
                    true,
                    "handle_chinese_chars",
                    ideographs,
                    "strip_accents",
                    accents,
                    "lowercase",
                    lower));
            draft.preTokenizer = part("BertPreTokenizer");
        } else {
            draft.preTokenizer = part("WhitespaceSplit");
        }
        draft.decoder = part("WordPiece", "prefix", "##", "cleanup", true);
        around(draft, CLS_A_SEP, join(CLS_A_SEP, second));
        return draft;
    }

    /** Special tokens are never split, anyway. */
    private static void requireNeverSplit(TokenizerSettings settings, Map<String, AddedToken> named)
            throws ModelFormatException {
        Object value = settings.value("never_split");
        Set<Object> known = new LinkedHashSet<>();
        named.values().forEach(token -> known.add(token.content()));
        if (value != null && !(value instanceof List<?> list && known.containsAll(list))) {
            throw settings.refused("never_split", value, "expected special tokens, or null: others are not supported");
        }
    }

    /** Byte-level BPE without an unknown token. */
    private static Draft byteBpe(TokenizerSettings settings, Path file, boolean headed) throws IOException {
        Draft draft = Draft.bpe(
                file.toString(),
                VocabularyFiles.json(file),
                VocabularyFiles.merges(settings.directory().resolve(MERGES), headed),
                null,
                false);
        draft.decoder = byteLevel(true, true, true);
        return draft;
    }

    private static Draft gpt2(TokenizerSettings settings, Map<String, AddedToken> named, Path file) throws IOException {
        Draft draft = byteBpe(settings, file, true);
        draft.preTokenizer = byteLevel(settings.flag("add_prefix_space", false), true, true);
        if (settings.flag("add_bos_token", false)) {
            around(draft, List.of("bos_token:0", "$A:0"), List.of("bos_token:0", "$A:0", "$B:1"));
        } else {
            draft.joining = (tokens, ids) -> byteLevel(true, false, true);
        }
        return draft;
    }

    private static Draft roberta(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        Draft draft = byteBpe(settings, file, true);
        boolean prefix = settings.flag("add_prefix_space", false);
        draft.preTokenizer = byteLevel(prefix, true, true);
        draft.around = List.of("cls_token", "sep_token");
        draft.joining = (tokens, ids) -> {
            String cls = tokens.get("cls_token").content();
            String sep = tokens.get("sep_token").content();
            return part(
                    "RobertaProcessing",
                    "sep",
                    List.of(sep, ids.get(sep)),
                    "cls",
                    List.of(cls, ids.get(cls)),
                    "trim_offsets",
                    true,
                    "add_prefix_space",
                    prefix);
        };
        return draft;
    }

    private static Draft deberta(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        Draft draft = byteBpe(settings, file, true);
        settings.ignore("vocab_type");
        settings.require("do_lower_case", false);
        settings.require("add_bos_token", false);
        draft.preTokenizer = byteLevel(settings.flag("add_prefix_space", false), true, true);
        around(draft, CLS_A_SEP, join(CLS_A_SEP, TYPED));
        return draft;
    }

    private static Draft qwen(TokenizerSettings settings, Map<String, AddedToken> named, Path file) throws IOException {
        Draft draft = byteBpe(settings, file, false);
        settings.require("add_bos_token", false);
        settings.require("add_prefix_space", false);
        draft.normalizers = List.of(part("NFC"));
        draft.preTokenizer = part("Sequence", "pretokenizers", List.of(split(QWEN), byteLevel(false, true, false)));
        draft.joining = (tokens, ids) -> byteLevel(true, false, true);
        return draft;
    }

    /** A model of Unigram that is normalized as SentencePiece does by default. */
    private static SentencePieceModel unigram(Path file) throws IOException {
        SentencePieceModel model = SentencePieceModel.read(file);
        boolean bytes = model.pieces().stream().anyMatch(piece -> piece.kind() == Kind.BYTE);
        if (model.isBpe() || bytes || !model.removesBlanks()) {
            throw SentencePieceModel.refused(
                    file.toString(),
                    "the model is of " + (model.isBpe() ? "BPE" : "Unigram") + (bytes ? ", has pieces of bytes" : "")
                            + (model.removesBlanks() ? "" : ", keeps all blanks")
                            + "; expected Unigram without bytes, with normalizer_spec.remove_extra_whitespaces");
        }
        return model;
    }

    private static List<Map<String, Object>> charsmap(SentencePieceModel model) {
        return model.charsmap().length == 0
                ? List.of()
                : List.of(part(
                        "Precompiled",
                        "precompiled_charsmap",
                        Base64.getEncoder().encodeToString(model.charsmap())));
    }

    private static List<Map<String, Object>> normalizers(
            List<Map<String, Object>> first, SentencePieceModel model, List<Map<String, Object>> last) {
        List<Map<String, Object>> all = new ArrayList<>(first);
        all.addAll(charsmap(model));
        all.addAll(last);
        return all;
    }

    /** The pieces from some id on, behind others. */
    private static Draft pieces(
            SentencePieceModel model, int from, List<String> before, List<String> behind, int unknown) {
        List<String> texts = new ArrayList<>(before);
        List<Double> scores = new ArrayList<>();
        before.forEach(text -> scores.add(text.equals("<unk>NOTUSED") ? NEVER : 0.0));
        for (Piece piece : model.pieces()
                .subList(Math.min(from, model.pieces().size()), model.pieces().size())) {
            texts.add(piece.text());
            scores.add((double) piece.score());
        }
        for (String text : behind) {
            texts.add(text);
            scores.add(0.0);
        }
        return around(model, Draft.unigram(model.source(), texts, scores, unknown, false));
    }

    /** Pieces that are found in the text itself. */
    private static Draft around(SentencePieceModel model, Draft draft) {
        for (Piece piece : model.pieces()) {
            boolean control = piece.kind() == Kind.CONTROL;
            if (draft.ids.containsKey(piece.text()) && (control || piece.kind() == Kind.USER_DEFINED)) {
                draft.added.put(piece.text(), new AddedToken(piece.text(), false, false, false, false, control));
            }
        }
        return draft;
    }

    /** What stands for blanks, and where a text gets one. */
    private static void cut(Draft draft, SentencePieceModel model, boolean legacy) {
        String scheme = !model.addsPrefix() ? "never" : legacy ? "always" : "first";
        draft.preTokenizer = metaspace(scheme, true);
        draft.decoder = metaspace(scheme, true);
    }

    private static Draft albert(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        SentencePieceModel model = unigram(file);
        settings.require("remove_space", true);
        List<Map<String, Object>> first = new ArrayList<>(List.of(replaceText("``", "\""), replaceText("''", "\"")));
        if (!settings.flag("keep_accents", false)) {
            first.add(part("NFKD"));
            first.add(part("StripAccents"));
        }
        if (settings.flag("do_lower_case", true)) {
            first.add(part("Lowercase"));
        }
        List<String> texts = new ArrayList<>();
        List<Double> scores = new ArrayList<>();
        for (Piece piece : model.pieces()) {
            texts.add(piece.text());
            // A comma behind a digit is a token of its own.
            scores.add(piece.score() + (endsWithDigitAndComma(piece.text()) ? NEVER : 0.0));
        }
        Draft draft = around(model, Draft.unigram(model.source(), texts, scores, model.unknownId(), false));
        draft.normalizers = normalizers(first, model, List.of(replaceExpression(BLANKS, " ")));
        cut(draft, model, true);
        around(draft, CLS_A_SEP, join(CLS_A_SEP, TYPED));
        return draft;
    }

    private static boolean endsWithDigitAndComma(String text) {
        int length = text.length();
        return length >= 2 && text.charAt(length - 1) == ',' && Character.isDigit(text.codePointBefore(length - 1));
    }

    private static Draft fairseq(SentencePieceModel model, Draft draft) {
        draft.normalizers =
                normalizers(List.of(), model, List.of(strip(false, true), replaceExpression(BLANKS, BLANK)));
        cut(draft, model, true);
        around(draft, CLS_A_SEP, join(CLS_A_SEP, DOUBLE));
        return draft;
    }

    private static Draft xlmRoberta(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        SentencePieceModel model = unigram(file);
        return fairseq(model, pieces(model, 3, List.of("<s>", "<pad>", "</s>", "<unk>"), List.of("<mask>"), 3));
    }

    private static Draft camembert(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        SentencePieceModel model = unigram(file);
        List<String> before = List.of("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED");
        Draft draft = pieces(model, 1, before, List.of("<mask>"), 3);
        for (String text : List.of("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED")) {
            draft.further.add(AddedToken.special(text, false));
        }
        return fairseq(model, draft);
    }

    private static Draft t5(TokenizerSettings settings, Map<String, AddedToken> named, Path file) throws IOException {
        SentencePieceModel model = unigram(file);
        int extra = settings.count("extra_ids", 100, MOST_EXTRA_IDS);
        settings.require("add_prefix_space", true);
        List<String> behind = new ArrayList<>();
        for (int i = extra - 1; i >= 0; i--) {
            behind.add("<extra_id_" + i + ">");
        }
        Draft draft = pieces(model, 0, List.of(), behind, model.unknownId());
        behind.forEach(text -> draft.further.add(AddedToken.special(text, false)));
        draft.normalizers =
                normalizers(List.of(), model, List.of(strip(false, true), replaceExpression(BLANKS, BLANK)));
        cut(draft, model, settings.flag("legacy", true));
        List<String> single = List.of("$A:0", "eos_token:0");
        around(draft, single, join(single, List.of("$B:0", "eos_token:0")));
        return draft;
    }

    private static Draft debertaV2(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        SentencePieceModel model = unigram(file);
        settings.ignore("vocab_type");
        Draft draft = pieces(model, 0, List.of(), List.of(), model.unknownId());
        List<Map<String, Object>> first = new ArrayList<>();
        if (settings.flag("do_lower_case", false)) {
            first.add(part("Lowercase"));
        }
        first.add(strip(true, true));
        draft.normalizers = normalizers(first, model, List.of(replaceExpression(BLANKS, " ")));
        cut(draft, model, true);
        if (settings.flag("split_by_punct", false)) {
            draft.preTokenizer = part(
                    "Sequence",
                    "pretokenizers",
                    List.of(part("Punctuation", "behavior", "Isolated"), draft.preTokenizer));
        }
        around(draft, CLS_A_SEP, join(CLS_A_SEP, TYPED));
        return draft;
    }

    /** Pieces with bytes, of a model that does not touch its texts. */
    private static Draft withBytes(SentencePieceModel model, boolean prefixed) throws ModelFormatException {
        // Pieces of bytes that a text spells are no pieces of it, which Unigram of tokenizer.json cannot say.
        if (!model.isBpe() || model.charsmap().length > 0 || model.removesBlanks() || model.addsPrefix() != prefixed) {
            throw SentencePieceModel.refused(
                    model.source(),
                    "the model is of " + (model.isBpe() ? "BPE" : "Unigram") + ", and normalizer_spec has "
                            + model.charsmap().length + " bytes of a charsmap, add_dummy_prefix "
                            + model.addsPrefix() + " and remove_extra_whitespaces " + model.removesBlanks()
                            + "; expected BPE, none, " + prefixed + " and false");
        }
        List<String> texts = model.pieces().stream().map(Piece::text).toList();
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            ids.put(texts.get(i), i);
        }
        return around(model, Draft.bpe(model.source(), ids, model.merges(), texts.get(model.unknownId()), true));
    }

    private static void addEnds(TokenizerSettings settings, Draft draft) throws ModelFormatException {
        boolean begins = settings.flag("add_bos_token", true);
        boolean ends = settings.flag("add_eos_token", false);
        List<String> single = new ArrayList<>(List.of("$A:0"));
        List<String> second = new ArrayList<>(List.of("$B:1"));
        if (begins) {
            single.add(0, "bos_token:0");
            second.add(0, "bos_token:1");
        }
        if (ends) {
            single.add("eos_token:0");
            second.add("eos_token:1");
        }
        around(draft, single, join(single, second));
    }

    private static List<Map<String, Object>> textOfBytes() {
        return List.of(replaceText(BLANK, " "), part("ByteFallback"), part("Fuse"));
    }

    private static Draft llama(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        settings.require("add_prefix_space", true);
        Draft draft = withBytes(SentencePieceModel.read(file), true);
        if (settings.flag("legacy", true)) {
            draft.normalizers = List.of(part("Prepend", "prepend", BLANK), replaceText(" ", BLANK));
        } else {
            draft.preTokenizer = metaspace("first", false);
        }
        List<Map<String, Object>> decoders = new ArrayList<>(textOfBytes());
        decoders.add(part("Strip", "content", " ", "start", 1, "stop", 0));
        draft.decoder = sequence("decoders", decoders);
        addEnds(settings, draft);
        return draft;
    }

    private static Draft gemma(TokenizerSettings settings, Map<String, AddedToken> named, Path file)
            throws IOException {
        Draft draft = withBytes(SentencePieceModel.read(file), false);
        draft.normalizers = List.of(replaceText(" ", BLANK));
        draft.decoder = sequence("decoders", textOfBytes());
        addEnds(settings, draft);
        return draft;
    }
}
