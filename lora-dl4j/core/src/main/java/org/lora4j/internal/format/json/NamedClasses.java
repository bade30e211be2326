/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Judges JSON of ND4J and Deeplearning4j before anything is made of it.
 *
 * <p>Both name classes in their JSON ({@code "@class"}, for distributions {@code "type"}) and make whatever is named there. Every
 * such name must be of a package that is expected, or one that the caller allows. Two forms of arrays are
 * refused as well: the old one with strides, which would be followed beyond its buffer, and any whose shape and elements
 * disagree.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class NamedClasses {

    private static final int DEEPEST = 100;

    // Jackson takes further syntax with type arguments, which would be loaded unseen.
    private static final Pattern CLASS_NAME = Pattern.compile("[\\w$]+(\\.[\\w$]+)*");

    private static final ObjectMapper JSON = StrictJson.mapper(DEEPEST);

    private final Collection<String> packages;
    private final Set<String> allowed;
    private final Problems problems = new Problems();
    private final Set<String> foreign = new HashSet<>();

    private NamedClasses(Collection<String> packages, Set<String> allowed) {
        this.packages = packages;
        this.allowed = allowed;
    }

    /**
     * Reads JSON strictly: no duplicate keys, nothing behind the end, no deep nesting.
     *
     * @throws JsonProcessingException if it is not JSON
     */
    public static JsonNode parse(String text) throws JsonProcessingException {
        return JSON.readTree(text);
    }

    /**
     * Looks through the whole text; a class is named once.
     *
     * @param root what {@link #parse} gave
     * @param packages prefixes of the classes that may be named, each with its last dot
     * @param allowed names of further classes
     */
    public static Problems problems(JsonNode root, List<String> packages, Set<String> allowed) {
        NamedClasses classes = new NamedClasses(packages, allowed);
        classes.check(root, "");
        return classes.problems;
    }

    private void check(JsonNode node, String path) {
        if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                check(node.get(i), path + "[" + i + "]");
            }
        }
        if (node.isObject()) {
            checkArray(node, path);
            node.properties().forEach(property -> {
                String below = MessageText.value(path.isEmpty() ? property.getKey() : path + "." + property.getKey());
                JsonNode value = property.getValue();
                if (namesClass(property.getKey(), value)) {
                    checkClass(value.asText(), path);
                }
                check(value, below);
            });
        }
    }

    private static boolean namesClass(String key, JsonNode value) {
        return key.equals("@class")
                || key.equals("type") && value.isTextual() && value.asText().indexOf('.') >= 0;
    }

    private void checkClass(String name, String path) {
        boolean known = CLASS_NAME.matcher(name).matches()
                && (allowed.contains(name) || packages.stream().anyMatch(name::startsWith));
        if (!known && foreign.add(name)) {
            problems.add("the class " + MessageText.name(name) + " at " + path + " is none that networks are made of");
        }
    }

    private void checkArray(JsonNode node, String path) {
        if (node.has("dataBuffer") || node.has("strideField")) {
            problems.add("the array at " + path + " is of an old form that is not read");
        }
        if (!node.path("shape").isArray() || !node.path("data").isArray()) {
            return;
        }
        double elements = 1;
        for (JsonNode dimension : node.get("shape")) {
            elements *= dimension.isIntegralNumber() && dimension.asLong() >= 0 ? dimension.asDouble() : Double.NaN;
        }
        problems.check(
                elements == node.get("data").size(),
                "the array at " + path + " of shape "
                        + MessageText.value(node.get("shape").toString()) + " has "
                        + node.get("data").size() + " elements");
    }
}
