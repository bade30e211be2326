/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.language.ChatMessage;

/** The messages of a conversation, as templates read them. */
final class ChatMessages {

    /** A conversation beyond it is no conversation; each message costs the template work. */
    private static final int MOST = 10_000;

    private static final String TYPE = "type";

    private static final String TEXT = "text";

    private static final String CONTENT = "content";

    private static final String TOOL_CALLS = "tool_calls";

    private static final String ARGUMENTS = "arguments";

    /** Written as Python and templates have them: only what was said counts, and in the words that models learned. */
    private static final Map<String, String> ROLES = Map.of("developer", "system");

    private static final ObjectMapper JSON = new ObjectMapper();

    private ChatMessages() {}

    static List<ChatMessage> of(JsonNode messages) {
        if (!messages.isArray() || messages.isEmpty() || messages.size() > MOST) {
            throw problem("messages", "is no list of 1 to " + MOST + " messages");
        }
        List<ChatMessage> read = new ArrayList<>(messages.size());
        for (JsonNode message : messages) {
            read.add(message("messages[" + read.size() + "]", message));
        }
        return read;
    }

    private static ChatMessage message(String where, JsonNode message) {
        if (!(message instanceof ObjectNode) || !message.path("role").isTextual()) {
            throw problem(where, "is no message; expected an object with the texts role and content");
        }
        String role = message.get("role").textValue();
        JsonNode content = message.get(CONTENT);
        String text = content == null || content.isNull() ? null : text(where + "." + CONTENT, content);
        ChatMessage read = ChatMessage.of(ROLES.getOrDefault(role, role), text);
        if (content != null && text == null) {
            // None in templates, which is not the same as nothing.
            read = read.with(CONTENT, null);
        }
        for (String field : List.of("name", "tool_call_id")) {
            if (message.path(field).isTextual()) {
                read = read.with(field, message.get(field).textValue());
            }
        }
        JsonNode calls = message.path(TOOL_CALLS);
        if (calls.isArray() && !calls.isEmpty()) {
            read = read.with(TOOL_CALLS, calls(where + "." + TOOL_CALLS, calls));
        } else if (text == null) {
            throw problem(where + "." + CONTENT, "is missing; expected a text, or a list of parts of type text");
        }
        return read;
    }

    private static String text(String where, JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw problem(where, "is neither a text nor a list of parts");
        }
        StringJoiner text = new StringJoiner("\n");
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            String place = where + "[" + i + "]";
            if (!TEXT.equals(part.path(TYPE).textValue())) {
                throw problem(
                        place,
                        "has the type " + MessageText.value(part.path(TYPE))
                                + ", which language models here do not read; expected parts of type text");
            }
            if (!part.path(TEXT).isTextual()) {
                throw problem(place + "." + TEXT, "is no text");
            }
            text.add(part.get(TEXT).textValue());
        }
        return text.toString();
    }

    /** Calls with their arguments as objects: clients send them as text, and templates expect what was in it. */
    private static Object calls(String where, JsonNode calls) {
        JsonNode copy = calls.deepCopy();
        for (int i = 0; i < copy.size(); i++) {
            String place = where + "[" + i + "].function";
            if (!(copy.get(i).path("function") instanceof ObjectNode function)
                    || !function.path("name").isTextual()) {
                throw problem(place, "is no call; expected an object with name and arguments");
            }
            JsonNode arguments = function.path(ARGUMENTS);
            if (arguments.isTextual()) {
                function.set(ARGUMENTS, parsed(place + "." + ARGUMENTS, arguments.textValue()));
            }
        }
        return JsonValues.of(copy);
    }

    private static JsonNode parsed(String where, String arguments) {
        try {
            JsonNode parsed = JSON.readTree(arguments.isBlank() ? "{}" : arguments);
            if (parsed.isObject()) {
                return parsed;
            }
        } catch (JsonProcessingException e) {
            // As for other JSON that is no object.
        }
        throw problem(where, "is no JSON object in a text");
    }

    private static HttpProblem problem(String param, String words) {
        return new HttpProblem(Kind.BAD_REQUEST, param + " " + words + ".").param(param);
    }
}
