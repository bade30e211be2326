/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Takes calls of tools out of a text as it comes, in the form in which Hermes, Qwen and SmolLM write them: {@code
 * <tool_call>{"name": ..., "arguments": {...}}</tool_call>}. What is between the marks and no such object stays text, and so do
 * the calls of models that write them otherwise.
 *
 * <p><b>Threads.</b> For one at a time.
 */
final class ToolCalls {

    private static final String BEGIN = "<tool_call>";

    private static final String END = "</tool_call>";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private final StringBuilder held = new StringBuilder();
    private final List<Call> fresh = new ArrayList<>();
    private int count;

    /**
     * A call.
     *
     * @param index its number in the text
     * @param id by which its answer names it
     * @param arguments a JSON object
     */
    record Call(int index, String id, String name, String arguments) {}

    /** Takes the next piece; gives back what is text for certain. */
    String accept(String piece) {
        held.append(piece);
        StringBuilder text = new StringBuilder();
        while (true) {
            int begin = held.indexOf(BEGIN);
            int end = begin < 0 ? -1 : held.indexOf(END, begin);
            if (end < 0) {
                return text.append(release(begin < 0 ? possibleBegin() : begin)).toString();
            }
            text.append(taken(begin, end, end + END.length()));
        }
    }

    /** The end of the text; gives back what is left of it. */
    String finish() {
        int begin = held.indexOf(BEGIN);
        // A model that ends at once leaves out the mark.
        String text = begin < 0 ? "" : taken(begin, held.length(), held.length());
        String rest = held.toString();
        held.setLength(0);
        return text + (count > 0 && rest.isBlank() ? "" : rest);
    }

    /** The calls since this was asked last. */
    List<Call> fresh() {
        List<Call> calls = List.copyOf(fresh);
        fresh.clear();
        return calls;
    }

    /** Whether there was a call. */
    boolean any() {
        return count > 0;
    }

    /** Takes out what is between marks; gives back the text before it, and itself if it is no call. */
    private String taken(int begin, int end, int after) {
        Optional<Call> call = call(held.substring(begin + BEGIN.length(), end));
        String text = call.isPresent() ? held.substring(0, begin).stripTrailing() : held.substring(0, after);
        held.delete(0, after);
        call.ifPresent(fresh::add);
        return count > 0 && call.isPresent() && text.isBlank() ? "" : text;
    }

    private Optional<Call> call(String text) {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
        JsonNode arguments = json == null ? null : json.path("arguments");
        if (arguments == null || !json.path("name").isTextual() || !arguments.isObject()) {
            return Optional.empty();
        }
        String id = "call_" + UUID.randomUUID().toString().replace("-", "");
        return Optional.of(new Call(count++, id, json.get("name").textValue(), arguments.toString()));
    }

    /** Where blanks end the text, before which a call may come, or the beginning of a mark does. */
    private int possibleBegin() {
        int from = Math.max(0, held.length() - BEGIN.length() + 1);
        while (from < held.length() && !BEGIN.startsWith(held.substring(from))) {
            from++;
        }
        while (from > 0 && Character.isWhitespace(held.charAt(from - 1))) {
            from--;
        }
        return from;
    }

    private String release(int length) {
        int to = length;
        while (to > 0 && Character.isWhitespace(held.charAt(to - 1))) {
            to--;
        }
        String text = held.substring(0, to);
        held.delete(0, to);
        return text;
    }
}
