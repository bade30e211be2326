/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * A {@code tokenizer.json} in the terms of llama.cpp, which has two kinds of BPE. "llama" is SentencePiece's: two neighbors
 * whose text is a token are merged, that of the highest score first, and what has no token becomes bytes. "gpt2" is that over
 * bytes: pairs are merged in the order of a list, within the words that a named expression cuts. A tokenizer that would cut a
 * text in another way than one of them is refused.
 *
 * @apiNote Status: internal
 */
public final class GgufVocabulary {

    private static final String SPACE = "\u2581";
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private static final String LLAMA_3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /**
     * How words are cut, by the name that llama.cpp has for it.
     *
     * @param steps the pre-tokenizer's steps, each with the fields that count
     * @param ignoresMerges whether a word that is a token is taken whole
     */
    private record Cut(String name, List<Map<String, Object>> steps, boolean ignoresMerges) {}

    private static final List<Cut> CUTS = List.of(
            new Cut("gpt-2", List.of(Map.of("type", "ByteLevel", "use_regex", true)), false),
            new Cut(
                    "llama-bpe",
                    List.of(
                            Map.of("type", "Split", "pattern", LLAMA_3, "behavior", "Isolated"),
                            Map.of("type", "ByteLevel", "use_regex", false)),
                    true),
            new Cut(
                    "smollm",
                    List.of(
                            Map.of("type", "Digits", "individual_digits", true),
                            Map.of("type", "ByteLevel", "use_regex", true)),
                    false));

    private final Map<?, ?> tokenizer;
    private final Map<?, ?> model;
    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final String[] tokens;
    private final int[] types;
    private final Problems problems;
    private final List<String> notes = new ArrayList<>();

    private GgufVocabulary(Map<?, ?> tokenizer, int rows, Problems problems) {
        this.tokenizer = tokenizer;
        this.model = object(tokenizer.get("model"));
        this.tokens = new String[rows];
        this.types = new int[rows];
        this.problems = problems;
    }

    /**
     * The files that say what a tokenizer does.
     *
     * @param tokenizer {@code tokenizer.json}
     * @param settings {@code tokenizer_config.json}, empty if there is none
     * @param model {@code config.json}
     * @param generation {@code generation_config.json}, empty if there is none
     */
    public record Files(
            Map<String, Object> tokenizer,
            Map<String, Object> settings,
            Map<String, Object> model,
            Map<String, Object> generation) {}

    /**
     * What a file says of the tokenizer.
     *
     * @param metadata by llama.cpp's keys
     * @param notes what it does in another way where no text of its own comes in
     */
    public record Metadata(Map<String, Object> metadata, List<String> notes) {}

    /**
     * Translates a tokenizer.
     *
     * @param files what says what it does
     * @param rows rows of the embedding table
     * @param scores scores by id, or empty to make them of the order of merges
     * @param problems gets why it cannot be translated
     * @return the metadata, of no use if there were problems
     */
    public static Metadata of(Files files, int rows, Optional<float[]> scores, Problems problems) {
        GgufVocabulary vocabulary = new GgufVocabulary(files.tokenizer(), rows, problems);
        Map<String, Object> metadata = vocabulary.metadata(files, scores);
        return new Metadata(metadata, vocabulary.notes);
    }

    private Map<String, Object> metadata(Files files, Optional<float[]> scores) {
        Map<String, Object> all = new LinkedHashMap<>();
        boolean bpe = "BPE".equals(model.get("type"));
        problems.check(
                bpe,
                "the tokenizer is of the kind " + shown(model.get("type"))
                        + ", expected \"BPE\": of others llama.cpp would cut texts in another way");
        if (!bpe) {
            return all;
        }
        readTokens();
        for (String field : List.of("dropout", "continuing_subword_prefix", "end_of_word_suffix")) {
            Object value = model.get(field);
            problems.check(
                    value == null || "".equals(value),
                    "the tokenizer has " + field + " " + shown(value) + ", expected none");
        }
        if (Boolean.TRUE.equals(model.get("byte_fallback"))) {
            sentencePieces(all, scores);
        } else {
            problems.check(
                    scores.isEmpty(),
                    "scores were given for a tokenizer over bytes, which has none, expected no scores");
            overBytes(all);
        }
        ends(all, files);
        template(all);
        chat(all, files.settings());
        return all;
    }

    private void readTokens() {
        object(model.get("vocab")).forEach((token, id) -> put(String.valueOf(token), id, NORMAL));
        Object unknown = model.get("unk_token");
        if (unknown != null && ids.containsKey(unknown)) {
            types[ids.get(unknown)] = UNKNOWN;
        }
        for (Object entry : list(tokenizer.get("added_tokens"))) {
            Map<?, ?> added = object(entry);
            String content = String.valueOf(added.get("content"));
            for (String flag : List.of("lstrip", "rstrip", "single_word")) {
                problems.check(
                        !Boolean.TRUE.equals(added.get(flag)),
                        "token " + MessageText.name(content) + " has " + flag
                                + ", expected none: llama.cpp has no such rule");
            }
            boolean special = Boolean.TRUE.equals(added.get("special"));
            if (!content.equals(unknown)) {
                put(content, added.get("id"), special ? CONTROL : USER_DEFINED);
            }
        }
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] == null) {
                tokens[id] = "[PAD" + id + "]";
                types[id] = UNUSED;
                problems.check(!ids.containsKey(tokens[id]), tokens[id] + " is a token, expected no such name");
            }
        }
    }

    private void put(String token, Object id, int type) {
        boolean fits = id instanceof Integer number && number >= 0 && number < tokens.length;
        problems.check(
                fits,
                "token " + MessageText.name(token) + " has the id " + shown(id) + ", expected one below "
                        + tokens.length + ", the rows of the embedding table");
        if (fits) {
            int at = (Integer) id;
            problems.check(
                    tokens[at] == null || tokens[at].equals(token),
                    "id " + at + " is of two tokens, " + MessageText.name(tokens[at]) + " and "
                            + MessageText.name(token));
            tokens[at] = token;
            types[at] = type;
            ids.put(token, at);
        }
    }

    private void sentencePieces(Map<String, Object> all, Optional<float[]> given) {
        all.put("tokenizer.ggml.model", "llama");
        all.put("tokenizer.ggml.pre", "default");
        for (int value = 0; value < 256; value++) {
            String token = String.format(Locale.ROOT, "<0x%02X>", value);
            Integer id = ids.get(token);
            problems.check(id != null, "there is no token " + token + ", expected one for each byte");
            if (id != null) {
                types[id] = BYTE;
            }
        }
        problems.check(
                !Boolean.TRUE.equals(model.get("ignore_merges")), "the tokenizer has ignore_merges, expected none");
        boolean prefixed = spacePrefix();
        List<Merge> merges = merges();
        checkAllMerged(merges);
        float[] made = scores(merges);
        if (given.isPresent()) {
            checkScores(given.get(), merges);
        }
        all.put("tokenizer.ggml.tokens", List.of(tokens));
        all.put("tokenizer.ggml.scores", given.orElse(made));
        all.put("tokenizer.ggml.token_type", types);
        all.put("tokenizer.ggml.add_space_prefix", prefixed);
    }

    /** Whether a space is put before a text; every space becomes the mark of SentencePiece, and nothing else changes. */
    private boolean spacePrefix() {
        List<Map<?, ?>> steps = steps(tokenizer.get("normalizer"), "normalizers");
        Map<?, ?> cut = object(tokenizer.get("pre_tokenizer"));
        if (steps.isEmpty() && "Metaspace".equals(cut.get("type"))) {
            Object scheme = cut.get("prepend_scheme");
            boolean prefixed = !"never".equals(scheme);
            if (prefixed) {
                notes.add(
                        "llama.cpp puts a space before every text, the tokenizer only before one that begins with none");
            }
            if ("first".equals(scheme)) {
                notes.add("llama.cpp puts a space behind a special token within a text, the tokenizer does not");
            }
            problems.check(
                    SPACE.equals(cut.get("replacement")) && Boolean.FALSE.equals(cut.get("split")),
                    "the pre-tokenizer is " + shown(cut)
                            + ", expected one that marks spaces with U+2581 and does not split");
            return prefixed;
        }
        List<Map<?, ?>> rest = new ArrayList<>(steps);
        boolean prefixed =
                rest.removeIf(step -> "Prepend".equals(step.get("type")) && SPACE.equals(step.get("prepend")));
        boolean marks = rest.size() == 1
                && "Replace".equals(rest.get(0).get("type"))
                && " ".equals(object(rest.get(0).get("pattern")).get("String"))
                && SPACE.equals(rest.get(0).get("content"));
        problems.check(
                marks && cut.isEmpty(),
                "the normalizer is " + shown(tokenizer.get("normalizer")) + " and the pre-tokenizer "
                        + shown(tokenizer.get("pre_tokenizer"))
                        + ", expected that spaces become U+2581 and nothing else changes");
        return prefixed;
    }

    /** Two neighbors that become one. */
    private record Merge(String left, String right) {

        String text() {
            return left + right;
        }
    }

    private List<Merge> merges() {
        List<Merge> merges = new ArrayList<>();
        for (Object entry : list(model.get("merges"))) {
            List<?> pair = entry instanceof String text ? Arrays.asList(text.split(" ", -1)) : list(entry);
            boolean known = pair.size() == 2
                    && ids.containsKey(pair.get(0))
                    && ids.containsKey(pair.get(1))
                    && ids.containsKey(pair.get(0).toString() + pair.get(1));
            problems.check(known, "merge " + shown(entry) + ", expected two tokens that make a third");
            if (known) {
                merges.add(new Merge(pair.get(0).toString(), pair.get(1).toString()));
            }
        }
        return merges;
    }

    /** SentencePiece merges whatever makes a token, whether a list has it or not. */
    private void checkAllMerged(List<Merge> merges) {
        Set<Merge> listed = new HashSet<>(merges);
        for (String token : ids.keySet()) {
            for (int cut = 1; cut < token.length(); cut++) {
                Merge merge = new Merge(token.substring(0, cut), token.substring(cut));
                problems.check(
                        listed.contains(merge) || !ids.containsKey(merge.left()) || !ids.containsKey(merge.right()),
                        MessageText.name(merge.left()) + " and " + MessageText.name(merge.right()) + " make the token "
                                + MessageText.name(token)
                                + ", but are not merged, expected all such pairs to be: llama.cpp merges them");
            }
        }
    }

    /** The place of a token in the list of merges, below zero; one number has to do for all its pairs. */
    private float[] scores(List<Merge> merges) {
        float[] scores = new float[tokens.length];
        Set<String> seen = new HashSet<>();
        String before = null;
        for (Merge merge : merges) {
            if (!merge.text().equals(before)) {
                problems.check(
                        seen.add(merge.text()),
                        "pairs that make the token " + MessageText.name(merge.text())
                                + " are at several places of the merges, expected one after the other: a token has one"
                                + " score");
                scores[ids.get(merge.text())] = -seen.size();
                before = merge.text();
            }
        }
        return scores;
    }

    private void checkScores(float[] scores, List<Merge> merges) {
        problems.check(
                scores.length == tokens.length,
                scores.length + " scores, expected " + tokens.length + ", one for each token");
        for (int i = 1; i < merges.size() && scores.length == tokens.length; i++) {
            String before = merges.get(i - 1).text();
            String after = merges.get(i).text();
            float higher = scores[ids.get(before)];
            float lower = scores[ids.get(after)];
            problems.check(
                    before.equals(after) || higher > lower,
                    "token " + MessageText.name(before) + " has the score " + higher + " and " + MessageText.name(after)
                            + ", merged later, " + lower + ", expected a lower one");
        }
    }

    private void overBytes(Map<String, Object> all) {
        List<Map<?, ?>> steps = steps(tokenizer.get("pre_tokenizer"), "pretokenizers");
        boolean ignores = Boolean.TRUE.equals(model.get("ignore_merges"));
        Optional<Cut> cut = CUTS.stream()
                .filter(known -> known.ignoresMerges() == ignores && fits(known.steps(), steps))
                .findFirst();
        problems.check(
                cut.isPresent(),
                "the pre-tokenizer is " + shown(tokenizer.get("pre_tokenizer")) + (ignores ? " with ignore_merges" : "")
                        + ", expected that of one of "
                        + Problems.quoted(CUTS.stream().map(Cut::name).toList()));
        problems.check(
                tokenizer.get("normalizer") == null,
                "the normalizer is " + shown(tokenizer.get("normalizer")) + ", expected none");
        for (int value = 0; value < 256; value++) {
            problems.check(
                    ids.containsKey(byteToken(value)),
                    "there is no token " + MessageText.name(byteToken(value)) + " for byte " + value
                            + ", expected one for each byte");
        }
        all.put("tokenizer.ggml.model", "gpt2");
        all.put("tokenizer.ggml.pre", cut.map(Cut::name).orElse(""));
        all.put("tokenizer.ggml.tokens", List.of(tokens));
        all.put("tokenizer.ggml.token_type", types);
        all.put(
                "tokenizer.ggml.merges",
                merges().stream()
                        .map(merge -> merge.left() + " " + merge.right())
                        .toList());
    }

    private static boolean fits(List<Map<String, Object>> known, List<Map<?, ?>> steps) {
        if (known.size() != steps.size()) {
            return false;
        }
        for (int i = 0; i < known.size(); i++) {
            Map<Object, Object> step = new HashMap<>(steps.get(i));
            step.computeIfPresent("pattern", (key, value) -> object(value).get("Regex"));
            boolean plain =
                    !Boolean.TRUE.equals(step.get("add_prefix_space")) && !Boolean.TRUE.equals(step.get("invert"));
            // Older files leave out what is true.
            if ("ByteLevel".equals(step.get("type"))) {
                step.putIfAbsent("use_regex", true);
            }
            if (!plain || !step.entrySet().containsAll(known.get(i).entrySet())) {
                return false;
            }
        }
        return true;
    }

    /** GPT-2's letter for a byte: itself where it is printed, else one beyond 255. */
    private static String byteToken(int value) {
        int beyond = 256;
        for (int each = 0; each < 256; each++) {
            boolean printed = each > 32 && each < 127 || each > 160 && each != 173;
            if (each == value) {
                return String.valueOf((char) (printed ? each : beyond));
            }
            beyond += printed ? 0 : 1;
        }
        throw new IllegalArgumentException("no byte: " + value);
    }

    private void ends(Map<String, Object> all, Files files) {
        Map<String, String> purposes = new LinkedHashMap<>();
        purposes.put("bos", "bos_token");
        purposes.put("eos", "eos_token");
        purposes.put("unk", "unk_token");
        purposes.put("pad", "pad_token");
        purposes.forEach((purpose, field) -> {
            Optional<Integer> id = end(files, field);
            String key = "tokenizer.ggml."
                    + (purpose.equals("unk") ? "unknown" : purpose.equals("pad") ? "padding" : purpose) + "_token_id";
            id.ifPresent(found -> all.put(key, found));
        });
        problems.check(
                all.containsKey("tokenizer.ggml.eos_token_id"),
                "no file names an eos_token that the tokenizer has, expected one: llama.cpp would take some other token");
    }

    private Optional<Integer> end(Files files, String field) {
        Object token = files.settings().get(field);
        Object content = token instanceof Map<?, ?> added ? added.get("content") : token;
        if (content == null && field.equals("unk_token")) {
            content = model.get(field);
        }
        if (content != null) {
            return Optional.ofNullable(ids.get(content.toString()));
        }
        Object id = files.model().get(field + "_id");
        Object other = id == null ? files.generation().get(field + "_id") : id;
        Object first = other instanceof List<?> several && !several.isEmpty() ? several.get(0) : other;
        return first instanceof Integer number && number >= 0 && number < tokens.length
                ? Optional.of(number)
                : Optional.empty();
    }

    /** What is put around a text. */
    private void template(Map<String, Object> all) {
        List<Map<?, ?>> steps = steps(tokenizer.get("post_processor"), "processors").stream()
                .filter(step -> !"ByteLevel".equals(step.get("type")))
                .toList();
        List<String> around = new ArrayList<>();
        for (Map<?, ?> step : steps) {
            problems.check(
                    "TemplateProcessing".equals(step.get("type")),
                    "the post-processor is " + shown(step.get("type")) + ", expected \"TemplateProcessing\"");
            for (Object piece : list(step.get("single"))) {
                Object special = object(object(piece).get("SpecialToken")).get("id");
                around.add(special == null ? "" : special.toString());
            }
        }
        String begin = token(all.get("tokenizer.ggml.bos_token_id"));
        String end = token(all.get("tokenizer.ggml.eos_token_id"));
        boolean begins = !around.isEmpty() && around.get(0).equals(begin);
        boolean ends = around.size() > 1 && around.get(around.size() - 1).equals(end);
        List<String> expected = new ArrayList<>(List.of(""));
        if (begins) {
            expected.add(0, begin);
        }
        if (ends) {
            expected.add(end);
        }
        problems.check(
                around.isEmpty() || around.equals(expected),
                "the post-processor puts " + Problems.quoted(around) + " together, expected the text (\"\") with the"
                        + " beginning before it, the end behind it, or none");
        all.put("tokenizer.ggml.add_bos_token", begins);
        all.put("tokenizer.ggml.add_eos_token", ends);
    }

    private String token(Object id) {
        return id instanceof Integer number ? tokens[number] : null;
    }

    private static void chat(Map<String, Object> all, Map<String, Object> settings) {
        Object template = settings.get("chat_template");
        if (template instanceof String text) {
            all.put("tokenizer.chat_template", text);
        }
    }

    private static List<Map<?, ?>> steps(Object value, String sequence) {
        Map<?, ?> step = object(value);
        if (step.isEmpty()) {
            return List.of();
        }
        if (!"Sequence".equals(step.get("type"))) {
            return List.of(step);
        }
        List<Map<?, ?>> steps = new ArrayList<>();
        list(step.get(sequence)).forEach(each -> steps.add(object(each)));
        return Collections.unmodifiableList(steps);
    }

    private static Map<?, ?> object(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static String shown(Object value) {
        return value instanceof String ? MessageText.name(value) : MessageText.value(Objects.toString(value));
    }
}
