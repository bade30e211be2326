/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.JsonObjects;

/** Makes examples of the fields of a row. What is wrong is an IllegalArgumentException, whose message continues the row's place. */
final class ExampleFields {

    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";
    private static final String ROLE = "role";
    private static final String CONTENT = "content";
    private static final String SYSTEM = "system";
    private static final String ASSISTANT = "assistant";
    private static final String TOOL = "tool";
    private static final String TOOLS = "tools";
    private static final String FROM = "from";

    /** Who speaks in ShareGPT. */
    private static final Map<String, String> SPEAKERS = speakers();

    private ExampleFields() {}

    private static Map<String, String> speakers() {
        Map<String, String> speakers = new LinkedHashMap<>();
        speakers.put("human", "user");
        speakers.put("user", "user");
        speakers.put("gpt", ASSISTANT);
        speakers.put(ASSISTANT, ASSISTANT);
        speakers.put("chatgpt", ASSISTANT);
        speakers.put("bard", ASSISTANT);
        speakers.put("bing", ASSISTANT);
        speakers.put("model", ASSISTANT);
        speakers.put(SYSTEM, SYSTEM);
        speakers.put(TOOL, TOOL);
        speakers.put("observation", TOOL);
        speakers.put("function_response", TOOL);
        return speakers;
    }

    static LmExample.Content content(Map<String, Object> fields, Optional<LmFormat> named) {
        if (named.isPresent() && !named.get().fits(fields)) {
            throw new IllegalArgumentException("the fields are " + Problems.quoted(fields.keySet()) + ", expected "
                    + String.join(" and ", named.get().keys()));
        }
        LmFormat format = named.or(() -> LmFormat.of(fields))
                .orElseThrow(() -> new IllegalArgumentException(
                        "the fields are " + Problems.quoted(fields.keySet()) + ", expected " + all()));
        LmExample.Content content = content(fields, format);
        if (!(content instanceof LmExample.Conversation) && !tools(fields).isEmpty()) {
            throw new IllegalArgumentException(
                    "it has tools, which have no place in a text, expected messages with them");
        }
        return content;
    }

    private static LmExample.Content content(Map<String, Object> fields, LmFormat format) {
        return switch (format) {
            case MESSAGES -> new LmExample.Conversation(messages(fields.get("messages"), "messages"), tools(fields), 0);
            case PROMPT_COMPLETION -> promptAndCompletion(fields);
            case SHAREGPT -> shareGpt(fields);
            case ALPACA ->
                new LmExample.Completion(
                        LmExample.alpacaPrompt(
                                text(fields, "instruction", ""),
                                fields.get("input") == null ? "" : text(fields, "input", "")),
                        text(fields, "output", ""));
            case TEXT -> new LmExample.Text(text(fields, "text", ""));
        };
    }

    private static String all() {
        return Arrays.stream(LmFormat.values())
                .map(format -> String.join(" and ", format.keys()))
                .collect(Collectors.joining(", or "));
    }

    private static LmExample.Content promptAndCompletion(Map<String, Object> fields) {
        if (!(fields.get(PROMPT) instanceof List) && !(fields.get(COMPLETION) instanceof List)) {
            return new LmExample.Completion(text(fields, PROMPT, ""), text(fields, COMPLETION, ""));
        }
        List<ChatMessage> messages = new ArrayList<>(messages(fields.get(PROMPT), PROMPT));
        int prompt = messages.size();
        messages.addAll(messages(fields.get(COMPLETION), COMPLETION));
        return new LmExample.Conversation(List.copyOf(messages), tools(fields), prompt);
    }

    private static LmExample.Content shareGpt(Map<String, Object> fields) {
        List<ChatMessage> messages = new ArrayList<>();
        if (fields.get(SYSTEM) != null && !text(fields, SYSTEM, "").isBlank()) {
            messages.add(ChatMessage.system(text(fields, SYSTEM, "")));
        }
        int at = 0;
        for (Map<String, Object> turn : objects(fields.get("conversations"), "conversations", "from and value")) {
            String where = "conversations[" + at++ + "]: ";
            String from = text(turn, FROM, where);
            String role = SPEAKERS.get(from.toLowerCase(Locale.ROOT));
            if (role == null) {
                throw new IllegalArgumentException(where + "from is " + MessageText.value(from) + ", expected one of "
                        + Problems.quoted(SPEAKERS.keySet()));
            }
            messages.add(ChatMessage.of(role, text(turn, "value", where)));
        }
        return new LmExample.Conversation(List.copyOf(messages), tools(fields), 0);
    }

    private static List<ChatMessage> messages(Object value, String name) {
        List<ChatMessage> messages = new ArrayList<>();
        for (Map<String, Object> fields : objects(value, name, "role and content")) {
            String role = text(fields, ROLE, name + "[" + messages.size() + "]: ");
            Object content = fields.get(CONTENT);
            fields.remove(ROLE);
            if (content instanceof String) {
                fields.remove(CONTENT);
            }
            messages.add(new ChatMessage(role, content instanceof String text ? text : null, fields));
        }
        return messages;
    }

    /** Tools as they are, or as a text of JSON, in which some data sets keep them. */
    private static List<Map<String, Object>> tools(Map<String, Object> fields) {
        Object tools = fields.get(TOOLS);
        if (tools instanceof String text) {
            if (text.isBlank()) {
                return List.of();
            }
            try {
                tools = JsonObjects.read(TOOLS, "{\"tools\": " + text + "}").get(TOOLS);
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        "tools is " + MessageText.value(text) + ", expected a list in JSON", e);
            }
        }
        return tools == null ? List.of() : objects(tools, TOOLS, "what may be called");
    }

    private static List<Map<String, Object>> objects(Object value, String name, String expected) {
        if (!(value instanceof List<?> list)) {
            throw new IllegalArgumentException(name + " is " + MessageText.value(value) + ", expected a list");
        }
        List<Map<String, Object>> objects = new ArrayList<>();
        for (Object entry : list) {
            if (!(entry instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException(name + "[" + objects.size() + "] is " + MessageText.value(entry)
                        + ", expected an object with " + expected);
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            map.forEach((field, of) -> fields.put(String.valueOf(field), of));
            objects.add(fields);
        }
        return objects;
    }

    private static String text(Map<String, Object> fields, String name, String where) {
        if (fields.get(name) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException(
                where + name + " is " + MessageText.value(fields.get(name)) + ", expected a text");
    }
}
