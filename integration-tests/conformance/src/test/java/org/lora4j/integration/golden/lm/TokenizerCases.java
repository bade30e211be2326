/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.StreamDecoder;
import org.lora4j.tokenizer.Token;

/** Tokenizers against what the Rust library says: ids, tokens, places, masks, pairs, texts of ids, also piece by piece. */
public final class TokenizerCases {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final LanguageTokenizer tokenizer;
    private final String directory;
    private final List<LmCase> outcomes = new ArrayList<>();

    private TokenizerCases(LanguageTokenizer tokenizer, String directory) {
        this.tokenizer = tokenizer;
        this.directory = directory;
    }

    /**
     * Runs all cases.
     *
     * @param folder a folder of directories, each with a tokenizer and {@code golden.json}
     * @return one outcome each
     * @throws IOException if a golden file cannot be read
     */
    public static List<LmCase> run(Path folder) throws IOException {
        List<LmCase> outcomes = new ArrayList<>();
        try (Stream<Path> directories = Files.list(folder)) {
            for (Path directory :
                    directories.filter(Files::isDirectory).sorted().toList()) {
                outcomes.addAll(runOne(directory));
            }
        }
        return outcomes;
    }

    private static List<LmCase> runOne(Path directory) throws IOException {
        JsonNode golden = JSON.readTree(directory.resolve("golden.json").toFile());
        String name = directory.getFileName().toString();
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(directory)) {
            TokenizerCases cases = new TokenizerCases(tokenizer, name);
            cases.all(golden);
            return cases.outcomes;
        } catch (IOException | RuntimeException e) {
            return List.of(new LmCase("tokenizers/" + name, LmCase.Outcome.FAILED, e.toString()));
        }
    }

    private void all(JsonNode golden) {
        Checks vocabulary = new Checks();
        vocabulary.equal("size", golden.get("vocab_size").asInt(), tokenizer.vocabularySize());
        add("vocabulary", vocabulary);
        each(golden, "encode", this::encoded);
        each(golden, "pairs", this::pair);
        each(golden, "decode", one -> {
            Checks checks = new Checks();
            decoded(checks, ids(one.get("ids")), true, one.get("skip"));
            decoded(checks, ids(one.get("ids")), false, one.get("keep"));
            return checks;
        });
    }

    private void each(JsonNode golden, String kind, Function<JsonNode, Checks> check) {
        int number = 0;
        for (JsonNode one : golden.path(kind)) {
            Checks checks;
            try {
                checks = check.apply(one);
            } catch (RuntimeException e) {
                checks = new Checks();
                checks.problems.add(e.toString());
            }
            add(kind + "/" + number++, checks);
        }
    }

    private void add(String name, Checks checks) {
        boolean passed = checks.problems.isEmpty();
        outcomes.add(new LmCase(
                "tokenizers/" + directory + "/" + name,
                passed ? LmCase.Outcome.PASSED : LmCase.Outcome.FAILED,
                passed ? checks.count + " values" : String.join("; ", checks.problems)));
    }

    private Checks encoded(JsonNode one) {
        String text = one.get("text").textValue();
        List<Token> tokens = tokenizer.tokenize(text, true);
        Checks checks = new Checks();
        checks.equal("ids", one.get("ids"), array(tokenizer.encode(text)));
        checks.equal("ids of tokens", one.get("ids"), array(tokens, Token::id));
        checks.equal("tokens", one.get("tokens"), array(tokens, Token::text));
        checks.equal("offsets", one.get("offsets"), array(tokens, token -> places(text, token)));
        checks.equal("mask", one.get("special_tokens_mask"), array(tokens, token -> token.start() < 0 ? 1 : 0));
        checks.equal("plain ids", one.get("ids_plain"), array(tokenizer.encode(text, false)));
        // The goldens of encoders have no texts of ids.
        if (one.has("decoded_plain")) {
            decoded(checks, ids(one.get("ids_plain")), false, one.get("decoded_plain"));
            decoded(checks, ids(one.get("ids")), true, one.get("decoded_skip"));
            decoded(checks, ids(one.get("ids")), false, one.get("decoded_keep"));
        } else {
            checks.equal("types", one.get("type_ids"), array(tokens, Token::typeId));
        }
        return checks;
    }

    /** As the goldens have them: in code points, and 0 for tokens that are put around the text. */
    private static int[] places(String text, Token token) {
        int start = Math.max(0, token.start());
        int end = Math.max(0, token.end());
        return new int[] {text.codePointCount(0, start), text.codePointCount(0, end)};
    }

    private Checks pair(JsonNode one) {
        List<Token> tokens =
                tokenizer.tokenizePair(one.get("a").textValue(), one.get("b").textValue(), true);
        Checks checks = new Checks();
        checks.equal("ids", one.get("ids"), array(tokens, Token::id));
        checks.equal("types", one.get("type_ids"), array(tokens, Token::typeId));
        return checks;
    }

    private void decoded(Checks checks, int[] ids, boolean skip, JsonNode expected) {
        checks.equal("text", expected.textValue(), tokenizer.decode(ids, skip));
        StreamDecoder decoder = tokenizer.streamDecoder(skip);
        StringBuilder pieces = new StringBuilder();
        for (int id : ids) {
            pieces.append(decoder.push(id));
        }
        checks.equal(
                "pieces", expected.textValue(), pieces.append(decoder.finish()).toString());
    }

    private static int[] ids(JsonNode ids) {
        return JSON.convertValue(ids, int[].class);
    }

    private static JsonNode array(int[] values) {
        ArrayNode array = JSON.createArrayNode();
        for (int value : values) {
            array.add(value);
        }
        return array;
    }

    private static JsonNode array(List<Token> tokens, Function<Token, Object> value) {
        ArrayNode array = JSON.createArrayNode();
        for (Token token : tokens) {
            Object one = value.apply(token);
            array.add(
                    one instanceof int[] several
                            ? array(several)
                            : JSON.getNodeFactory().pojoNode(one));
        }
        // Values of Java and of a file compare as what they are in a file.
        try {
            return JSON.readTree(array.toString());
        } catch (IOException e) {
            throw new IllegalStateException("JSON of our own is not read", e);
        }
    }

    /** What was compared, and what differs. */
    private static final class Checks {

        private final List<String> problems = new ArrayList<>();
        private int count;

        void equal(String what, Object expected, Object found) {
            count++;
            if (!expected.equals(found)) {
                problems.add(what + ": " + MessageText.value(found) + ", expected " + MessageText.value(expected));
            }
        }
    }
}
