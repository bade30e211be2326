/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.error.Arguments;

/**
 * What somebody says in a conversation.
 *
 * @param role who says it: {@code user}, {@code assistant}, {@code system}, {@code tool}, or what else a template knows
 * @param content the text; null if there is none, and then a template sees no content at all unless {@code fields} have one
 * @param fields what else the message has, by name: {@code tool_calls}, {@code name}, {@code tool_call_id}, or a {@code
 *     content} that is no text, such as a list of parts. Texts, numbers, truth values, null, and lists and maps of them
 * @apiNote Status: stable
 */
public record ChatMessage(String role, String content, Map<String, ?> fields) {

    private static final String ROLE = "role";

    private static final String CONTENT = "content";

    /**
     * Checks and copies the values.
     *
     * @param role as above
     * @param content as above
     * @param fields as above
     * @throws IllegalArgumentException if a field has the name of one that is given otherwise
     */
    public ChatMessage {
        Arguments.required(fields, "ChatMessage: fields", "further fields, none if there are none");
        Objects.requireNonNull(role, "ChatMessage: role is null; expected user, assistant, system or the like");
        if (fields.containsKey(ROLE) || content != null && fields.containsKey(CONTENT)) {
            throw new IllegalArgumentException("ChatMessage: fields hold "
                    + (fields.containsKey(ROLE) ? ROLE : CONTENT)
                    + ", which is given already; expected further fields only. Give it once.");
        }
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /**
     * A message of a role.
     *
     * @param role who says it
     * @param content the text
     * @return the message
     */
    public static ChatMessage of(String role, String content) {
        return new ChatMessage(role, content, Map.of());
    }

    /**
     * What the user says.
     *
     * @param content the text
     * @return the message
     */
    public static ChatMessage user(String content) {
        return of("user", content);
    }

    /**
     * What the model says.
     *
     * @param content the text
     * @return the message
     */
    public static ChatMessage assistant(String content) {
        return of("assistant", content);
    }

    /**
     * What the model is told beforehand.
     *
     * @param content the text
     * @return the message
     */
    public static ChatMessage system(String content) {
        return of("system", content);
    }

    /**
     * The message with one more field.
     *
     * @param name its name
     * @param value its value; null is None, which is there, but nothing
     * @return another message
     */
    public ChatMessage with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(fields);
        more.put(name, value);
        return new ChatMessage(role, content, more);
    }

    /** As a template sees it. */
    Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(ROLE, role);
        if (content != null) {
            map.put(CONTENT, content);
        }
        map.putAll(fields);
        return map;
    }
}
