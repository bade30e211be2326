/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;

/** A {@code tokenizer.json} as values, but for the long lists of its model, which are arrays. */
final class TokenizerFile {

    private static final int DEEPEST = 64;

    /** Templates, added tokens and expressions; the largest published file has some ten thousand. */
    private static final int MOST_VALUES = 10_000_000;

    private static final JsonFactory JSON = JsonFactory.builder()
            // Tokens are names of fields, and no two are the same.
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxStringLength(64 << 20)
                    .build())
            .build();

    private final JsonParser parser;
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private final Map<String, Object> model = new LinkedHashMap<>();

    private String[] tokens = new String[1 << 10];
    private int[] ids = new int[0];
    private double[] scores = new double[0];
    private int count = -1;
    private String[] merges;
    private int mergeCount;
    private int values;

    private TokenizerFile(JsonParser parser) {
        this.parser = parser;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it is not JSON
     * @throws Refusal if its vocabulary or its merges are none
     */
    static TokenizerFile read(byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            TokenizerFile file = new TokenizerFile(parser);
            file.read();
            return file;
        }
    }

    private void read() throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new Refusal("the file", null, "holds no JSON object");
        }
        boolean hasModel = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            if (field.equals("model")) {
                if (hasModel) {
                    throw new Refusal("model", null, "stands twice in the file");
                }
                hasModel = true;
                readModel();
            } else {
                put(fields, field, value());
            }
        }
        if (parser.nextToken() != null) {
            throw new Refusal("the file", null, "goes on behind its end");
        }
        if (!hasModel) {
            throw new Refusal("model", null, "is missing");
        }
        if (count <= 0) {
            throw new Refusal("model.vocab", null, "is missing or empty; expected tokens");
        }
    }

    private static void put(Map<String, Object> fields, String name, Object value) {
        if (fields.containsKey(name)) {
            throw new Refusal(MessageText.value(name), null, "stands twice in one object");
        }
        fields.put(name, value);
    }

    private void readModel() throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw new Refusal("model", null, "is no object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("vocab") && count < 0 && value == JsonToken.START_OBJECT) {
                readIds();
            } else if (field.equals("vocab") && count < 0 && value == JsonToken.START_ARRAY) {
                readScores();
            } else if (field.equals("merges") && merges == null && value == JsonToken.START_ARRAY) {
                readMerges();
            } else if (field.equals("vocab") || field.equals("merges")) {
                throw new Refusal("model." + field, null, "is no list of tokens, or stands twice");
            } else {
                put(model, field, value());
            }
        }
    }

    private void readIds() throws IOException {
        count = 0;
        ids = new int[tokens.length];
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String token = parser.currentName();
            boolean whole = parser.nextToken() == JsonToken.VALUE_NUMBER_INT;
            long id = whole && parser.getNumberType() == JsonParser.NumberType.INT ? parser.getIntValue() : -1;
            if (id < 0 || id > Vocabulary.LARGEST_ID) {
                throw new Refusal(
                        "model.vocab[" + MessageText.value(token) + "]",
                        null,
                        "is no integer from 0 to " + Vocabulary.LARGEST_ID);
            }
            grow();
            ids[count] = (int) id;
            tokens[count++] = token(token);
        }
    }

    private void grow() {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
            ids = ids.length == 0 ? ids : Arrays.copyOf(ids, 2 * count);
            scores = scores.length == 0 ? scores : Arrays.copyOf(scores, 2 * count);
        }
    }

    private String token(String token) {
        if (token.length() > Vocabulary.LONGEST_TOKEN) {
            throw new Refusal(
                    "model.vocab",
                    token,
                    "a token of more than " + Vocabulary.LONGEST_TOKEN + " characters; expected fewer");
        }
        return requireWhole(token, "model.vocab");
    }

    /** Pairs of a token and its score, in the order of their ids. */
    private void readScores() throws IOException {
        count = 0;
        scores = new double[tokens.length];
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            boolean pair =
                    parser.currentToken() == JsonToken.START_ARRAY && parser.nextToken() == JsonToken.VALUE_STRING;
            String token = pair ? parser.getText() : null;
            JsonToken score = pair ? parser.nextToken() : null;
            if (score == null || !score.isNumeric()) {
                throw new Refusal("model.vocab[" + count + "]", null, "is no pair of a token and a score");
            }
            if (count >= Vocabulary.LARGEST_ID) {
                throw new Refusal("model.vocab", null, "has more than " + Vocabulary.LARGEST_ID + " tokens");
            }
            grow();
            scores[count] = parser.getDoubleValue();
            if (!Double.isFinite(scores[count]) || parser.nextToken() != JsonToken.END_ARRAY) {
                throw new Refusal("model.vocab[" + count + "]", null, "is no pair of a token and a finite score");
            }
            tokens[count++] = token(token);
        }
    }

    /** Merges as pairs, or as texts with one blank; lines of a version are none. */
    private void readMerges() throws IOException {
        merges = new String[1 << 10];
        Boolean pairs = null;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            boolean pair = parser.currentToken() == JsonToken.START_ARRAY;
            if (pairs != null && pairs != pair) {
                throw refusedMerge("is of another form than those before");
            }
            pairs = pair;
            if (2 * mergeCount == merges.length) {
                merges = Arrays.copyOf(merges, 4 * mergeCount);
            }
            if (pair) {
                readPair();
            } else {
                readLine();
            }
        }
    }

    private Refusal refusedMerge(String why) {
        return new Refusal(
                "model.merges[" + mergeCount + "]",
                null,
                why + "; expected two tokens, in a list or with one blank between");
    }

    private void readPair() throws IOException {
        for (int i = 0; i < 2; i++) {
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw refusedMerge("is no pair of tokens");
            }
            merges[2 * mergeCount + i] = parser.getText();
        }
        if (parser.nextToken() != JsonToken.END_ARRAY) {
            throw refusedMerge("is no pair of tokens");
        }
        mergeCount++;
    }

    private void readLine() throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw refusedMerge("is no text");
        }
        String line = parser.getText();
        if (line.startsWith("#version")) {
            return;
        }
        int blank = line.indexOf(' ');
        if (blank < 0 || line.indexOf(' ', blank + 1) >= 0) {
            throw refusedMerge("has not one blank");
        }
        merges[2 * mergeCount] = line.substring(0, blank);
        merges[2 * mergeCount + 1] = line.substring(blank + 1);
        mergeCount++;
    }

    /** The value at which the parser stands. */
    private Object value() throws IOException {
        if (++values > MOST_VALUES) {
            throw new Refusal("the file", null, "has more than " + MOST_VALUES + " values beside its vocabulary");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = requireWhole(parser.currentName(), "the file");
                    parser.nextToken();
                    put(object, name, value());
                }
                yield object;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value());
                }
                yield list;
            }
            case VALUE_STRING -> requireWhole(parser.getText(), "the file");
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case VALUE_NUMBER_INT ->
                parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        ? (Object) parser.getDoubleValue()
                        : (Object) parser.getLongValue();
            default -> parser.getDoubleValue();
        };
    }

    /** Halves of characters are no text. */
    private static String requireWhole(String text, String where) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                    throw new Refusal(where, null, "has half a character, a surrogate without its other one");
                }
                i++;
            }
        }
        return text;
    }

    Map<String, Object> fields() {
        return fields;
    }

    Map<String, Object> model() {
        return model;
    }

    boolean hasScores() {
        return scores.length > 0;
    }

    boolean hasMerges() {
        return merges != null;
    }

    double[] scores() {
        return Arrays.copyOf(scores, count);
    }

    String[] merges() {
        return merges;
    }

    int mergeCount() {
        return mergeCount;
    }

    Vocabulary vocabulary() {
        int[] numbers = ids;
        if (hasScores()) {
            numbers = new int[count];
            Arrays.setAll(numbers, i -> i);
        }
        return Vocabulary.of(tokens, numbers, count);
    }
}
