/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.StrictJson;
import org.lora4j.internal.http.HttpProblem.Kind;

/** Bodies as JSON, both ways: UTF-8, no field twice, nothing behind the end, no half of a character. */
final class JsonBody {

    private static final int DEEPEST = 64;

    /** Its messages advise those who program. */
    private static final Pattern OPTIONS_OF_THE_READER = Pattern.compile(": enable `.*");

    private static final ObjectMapper JSON = mapper();

    private JsonBody() {}

    private static ObjectMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST)
                        .maxNumberLength(100)
                        .maxStringLength(Integer.MAX_VALUE)
                        .build());
        return mapper;
    }

    static ObjectNode read(byte[] body) {
        if (body.length == 0) {
            throw new HttpProblem(Kind.BAD_REQUEST, "the body is empty; expected a JSON object.");
        }
        String text;
        JsonNode root;
        try {
            text = StrictJson.text(body);
            root = JSON.readTree(text);
        } catch (CharacterCodingException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, "the body: " + e.getMessage() + "; expected JSON in UTF-8.");
        } catch (JsonProcessingException e) {
            throw new HttpProblem(
                    Kind.BAD_REQUEST,
                    "the body is no JSON, " + place(e.getLocation()) + ": "
                            + MessageText.value(OPTIONS_OF_THE_READER
                                    .matcher(e.getOriginalMessage())
                                    .replaceFirst("")));
        }
        if (!(root instanceof ObjectNode object)) {
            throw new HttpProblem(
                    Kind.BAD_REQUEST,
                    "the body is "
                            + (root == null || root.isMissingNode() ? "blank" : "JSON of type " + JsonFields.type(root))
                            + "; expected a JSON object, such as {\"inputs\": \"a text\"}.");
        }
        if (text.contains("\\u")) {
            requireWholeCharacters(object);
        }
        return object;
    }

    private static String place(JsonLocation at) {
        return at == null ? "at an unknown place" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /** An escape can spell half of a pair of characters, which is no text and cannot be written as UTF-8. */
    private static void requireWholeCharacters(JsonNode node) {
        if (node.isTextual()) {
            requireWhole(node.textValue());
        }
        if (node instanceof ObjectNode object) {
            object.fieldNames().forEachRemaining(JsonBody::requireWhole);
        }
        node.forEach(JsonBody::requireWholeCharacters);
    }

    private static void requireWhole(String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new HttpProblem(
                    Kind.BAD_REQUEST,
                    "the body: the text " + MessageText.name(text)
                            + " has half of a surrogate pair; expected whole characters.");
        }
    }

    static byte[] write(JsonNode json) {
        return text(json).getBytes(StandardCharsets.UTF_8);
    }

    static String text(JsonNode json) {
        try {
            return JSON.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an answer that is no JSON: " + e.getOriginalMessage(), e);
        }
    }
}
