/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;

/**
 * The tokens of a {@code tokenizer.json} by id and ids by token, which the library that runs tokenizers reads for itself but does
 * not tell.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class TokenTable {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Vocabularies of today have a fortieth of it. */
    private static final int LARGEST_ID = 10_000_000;

    private final String source;
    private final Map<String, Integer> ids = new HashMap<>();
    private final BitSet special = new BitSet();
    private String[] tokens = new String[1024];
    private int end;
    private int count;

    private TokenTable(String source) {
        this.source = source;
    }

    /**
     * Reads a file.
     *
     * @param source what the file is, for messages
     * @param json its bytes
     * @return its tokens
     * @throws ModelFormatException if the bytes are no tokenizer
     */
    public static TokenTable read(String source, byte[] json) throws ModelFormatException {
        TokenTable vocabulary = new TokenTable(source);
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw vocabulary.damaged("holds no JSON object");
            }
            JsonNode added = JSON.createArrayNode();
            Map<String, JsonNode> parts = new HashMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                parser.nextToken();
                if (field.equals("added_tokens")) {
                    added = parser.readValueAsTree();
                } else if (field.equals("model")) {
                    vocabulary.readModel(parser, parts);
                } else {
                    parts.put(field, parser.readValueAsTree());
                }
            }
            // Behind the model, as its ids are the ones that count.
            vocabulary.add(added);
            List<String> traps = TokenizerTraps.of(parts);
            if (!traps.isEmpty()) {
                throw vocabulary.damaged(String.join("; ", traps));
            }
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    vocabulary
                            .damaged("not valid JSON: " + e.getOriginalMessage())
                            .getMessage(),
                    e);
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException e) {
            throw new ModelFormatException(
                    vocabulary
                            .damaged("not readable as UTF-8 JSON: " + e.getMessage())
                            .getMessage(),
                    e);
        }
        if (vocabulary.end == 0) {
            throw vocabulary.damaged("no vocabulary in its model");
        }
        return vocabulary;
    }

    private ModelFormatException damaged(String found) {
        return new ModelFormatException(source + ": " + MessageText.value(found)
                + "; expected Hugging Face's tokenizer.json. The file is damaged or another one: get it again.");
    }

    private void readModel(JsonParser parser, Map<String, JsonNode> parts) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw damaged("its model is no object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            boolean vocabulary = field.equals("vocab");
            JsonToken value = parser.nextToken();
            if (vocabulary && value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String token = parser.currentName();
                    parser.nextToken();
                    put(token, id(parser.currentToken() == JsonToken.VALUE_NUMBER_INT, parser.getValueAsLong(-1)));
                }
            } else if (vocabulary && value == JsonToken.START_ARRAY) {
                // Unigram: pairs of a token and its score, in the order of the ids.
                for (int id = 0; parser.nextToken() != JsonToken.END_ARRAY; id++) {
                    if (parser.currentToken() != JsonToken.START_ARRAY
                            || parser.nextToken() != JsonToken.VALUE_STRING) {
                        throw damaged("entry " + id + " of its vocabulary is no pair of a token and a score");
                    }
                    put(parser.getText(), id(true, id));
                    while (parser.nextToken() != JsonToken.END_ARRAY) {
                        parser.skipChildren();
                    }
                }
            } else if (field.equals("merges")) {
                parts.put("merges", JSON.getNodeFactory().textNode(startOfSecondTokens(parser)));
            } else {
                parts.put("model." + field, parser.readValueAsTree());
            }
        }
    }

    /** What the second tokens of all merges begin with; each merge is a text with a blank, or a list of two. */
    private static String startOfSecondTokens(JsonParser parser) throws IOException {
        String start = null;
        for (JsonNode merge : parser.<JsonNode>readValueAsTree()) {
            String text = merge.asText();
            String second = merge.isTextual()
                    ? text.substring(text.indexOf(' ') + 1)
                    : merge.path(1).asText();
            int same = 0;
            while (start != null
                    && same < Math.min(start.length(), second.length())
                    && start.charAt(same) == second.charAt(same)) {
                same++;
            }
            start = start == null ? second : start.substring(0, same);
            if (start.isEmpty()) {
                break;
            }
        }
        return start == null ? "" : start;
    }

    private int id(boolean integer, long id) throws ModelFormatException {
        if (!integer || id < 0 || id > LARGEST_ID) {
            throw damaged("an id of its vocabulary is no integer from 0 to " + LARGEST_ID);
        }
        return (int) id;
    }

    private void add(JsonNode added) throws ModelFormatException {
        for (JsonNode token : added) {
            JsonNode content = token.path("content");
            if (!content.isTextual()) {
                throw damaged("an added token has no content");
            }
            Integer known = ids.get(content.textValue());
            int id = known != null
                    ? known
                    : id(token.path("id").isIntegralNumber(), token.path("id").asLong(-1));
            put(content.textValue(), id);
            special.set(id, token.path("special").asBoolean());
        }
    }

    private void put(String token, int id) {
        if (id >= tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(id + 1, Math.min(2 * tokens.length, LARGEST_ID)));
        }
        count += tokens[id] == null ? 1 : 0;
        tokens[id] = token;
        ids.put(token, id);
        end = Math.max(end, id + 1);
    }

    /**
     * How many tokens there are.
     *
     * @return the count, added tokens included
     */
    public int size() {
        return count;
    }

    /**
     * Where ids end.
     *
     * @return one more than the highest id
     */
    public int end() {
        return end;
    }

    /**
     * The token of an id.
     *
     * @param id any number
     * @return how the file spells it, or null if there is none
     */
    public String token(long id) {
        return id < 0 || id >= end ? null : tokens[(int) id];
    }

    /**
     * The id of a token.
     *
     * @param token how the file spells it, or null
     * @return its id, or null if there is none
     */
    public Integer id(String token) {
        return ids.get(token);
    }

    /**
     * Whether decoding can leave a token out.
     *
     * @param id its id
     * @return true if the file calls it special
     */
    public boolean isSpecial(int id) {
        return special.get(id);
    }
}
