/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import org.lora4j.error.ModelFormatException;

/**
 * How many ids the vocabulary of a {@code tokenizer.json} has, read as a stream: those of many languages are longer than
 * what is read at once. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class TokenizerVocabulary {

    private static final JsonFactory JSON = new JsonFactory();

    private TokenizerVocabulary() {}

    /**
     * Counts the ids.
     *
     * @param in a {@code tokenizer.json}; left open
     * @return the highest id of the vocabulary and of the added tokens, plus one; 0 if the file has neither
     * @throws ModelFormatException if it is not JSON
     */
    public static int size(InputStream in, String source) throws IOException {
        try (JsonParser parser = JSON.createParser(in).disable(JsonParser.Feature.AUTO_CLOSE_SOURCE)) {
            int highest = -1;
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return 0;
            }
            for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
                parser.nextToken();
                highest = Math.max(
                        highest,
                        switch (field) {
                            case "model" -> ofModel(parser);
                            case "added_tokens" -> ofAddedTokens(parser);
                            default -> skipped(parser);
                        });
            }
            return highest + 1;
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    source + ": not valid JSON: " + e.getOriginalMessage()
                            + "; expected Hugging Face's tokenizer.json. The file is damaged or another one.",
                    e);
        }
    }

    private static int ofModel(JsonParser parser) throws IOException {
        int highest = -1;
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            return skipped(parser);
        }
        for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
            JsonToken token = parser.nextToken();
            highest = Math.max(highest, field.equals("vocab") ? ofVocabulary(parser, token) : skipped(parser));
        }
        return highest;
    }

    /** Ids by piece, or, in a unigram model, pieces in the order of their ids. */
    private static int ofVocabulary(JsonParser parser, JsonToken token) throws IOException {
        int highest = -1;
        if (token == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                highest = Math.max(highest, parser.nextIntValue(-1));
            }
        } else if (token == JsonToken.START_ARRAY) {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                parser.skipChildren();
                highest++;
            }
        }
        return highest;
    }

    private static int ofAddedTokens(JsonParser parser) throws IOException {
        int highest = -1;
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            return skipped(parser);
        }
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
                parser.nextToken();
                highest = Math.max(highest, field.equals("id") ? parser.getValueAsInt(-1) : skipped(parser));
            }
        }
        return highest;
    }

    private static int skipped(JsonParser parser) throws IOException {
        parser.skipChildren();
        return -1;
    }
}
