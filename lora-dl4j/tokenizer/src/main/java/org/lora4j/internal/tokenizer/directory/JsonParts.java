/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parts of a {@code tokenizer.json}, as values. */
final class JsonParts {

    private JsonParts() {}

    /** A part of a kind, with names and values by turns. */
    static Map<String, Object> part(String type, Object... fields) {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("type", type);
        for (int i = 0; i < fields.length; i += 2) {
            part.put((String) fields[i], fields[i + 1]);
        }
        return part;
    }

    /** Parts one after the other; null for none, and one by itself. */
    static Map<String, Object> sequence(String name, List<Map<String, Object>> parts) {
        return parts.isEmpty() ? null : parts.size() == 1 ? parts.get(0) : part("Sequence", name, parts);
    }

    static Map<String, Object> replaceText(String text, String content) {
        return part("Replace", "pattern", Map.of("String", text), "content", content);
    }

    static Map<String, Object> replaceExpression(String expression, String content) {
        return part("Replace", "pattern", Map.of("Regex", expression), "content", content);
    }

    static Map<String, Object> strip(boolean left, boolean right) {
        return part("Strip", "strip_left", left, "strip_right", right);
    }

    static Map<String, Object> byteLevel(boolean prefix, boolean trims, boolean words) {
        return part("ByteLevel", "add_prefix_space", prefix, "trim_offsets", trims, "use_regex", words);
    }

    static Map<String, Object> metaspace(String scheme, boolean splits) {
        return part("Metaspace", "replacement", "\u2581", "prepend_scheme", scheme, "split", splits);
    }

    static Map<String, Object> split(String expression) {
        return part("Split", "pattern", Map.of("Regex", expression), "behavior", "Isolated", "invert", false);
    }

    /**
     * A template: special tokens, and the texts {@code $A} and {@code $B}.
     *
     * @param single what stands where for one text, with the type behind a colon
     * @param pair the same for two
     */
    static Map<String, Object> template(List<String> single, List<String> pair, Map<String, Integer> ids) {
        Map<String, Object> specials = new LinkedHashMap<>();
        return part(
                "TemplateProcessing",
                "single",
                places(single, ids, specials),
                "pair",
                places(pair, ids, specials),
                "special_tokens",
                specials);
    }

    private static List<Object> places(List<String> places, Map<String, Integer> ids, Map<String, Object> specials) {
        List<Object> made = new ArrayList<>();
        for (String place : places) {
            int colon = place.lastIndexOf(':');
            String name = place.substring(0, colon);
            Map<String, Object> inner = new LinkedHashMap<>();
            boolean text = name.equals("$A") || name.equals("$B");
            inner.put("id", text ? name.substring(1) : name);
            inner.put("type_id", Integer.parseInt(place.substring(colon + 1)));
            made.add(Collections.singletonMap(text ? "Sequence" : "SpecialToken", inner));
            if (!text) {
                Map<String, Object> special = new LinkedHashMap<>();
                special.put("id", name);
                special.put("ids", Arrays.asList(ids.get(name)));
                special.put("tokens", List.of(name));
                specials.put(name, special);
            }
        }
        return made;
    }
}
