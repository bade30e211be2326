/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem.Kind;

/**
 * The fields of a request, read strictly: a field of another type or out of its range is a problem that names it. A field that is
 * null is as if it were not there.
 *
 * @apiNote Status: internal
 */
public final class JsonFields {

    private final ObjectNode fields;
    private final Kind wrong;
    private final String prefix;
    private final Set<String> read = new LinkedHashSet<>();

    private JsonFields(ObjectNode fields, Kind wrong, String prefix) {
        this.fields = fields;
        this.wrong = wrong;
        this.prefix = prefix;
    }

    /**
     * Fields of a body.
     *
     * @param wrong what a field that is wrong is
     */
    public static JsonFields of(ObjectNode body, Kind wrong) {
        return new JsonFields(body, wrong, "");
    }

    /** What a value is, in the words of JSON. */
    static String type(JsonNode node) {
        return node.getNodeType().name().toLowerCase(Locale.ROOT);
    }

    /** A field as it stands; empty if it is missing or null. */
    public Optional<JsonNode> value(String name) {
        read.add(name);
        JsonNode node = fields.get(name);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
    }

    /** A field that has to be there. */
    public JsonNode required(String name, String expected) {
        return value(name).orElseThrow(() -> problem(name, "is missing; expected " + expected));
    }

    public Optional<String> text(String name) {
        return value(name).map(node -> text(name, node));
    }

    public String requiredText(String name, String expected) {
        return text(name, required(name, expected));
    }

    private String text(String name, JsonNode node) {
        if (!node.isTextual()) {
            throw problem(name, found(node) + "; expected a text");
        }
        return node.textValue();
    }

    /** A list of texts. */
    public List<String> requiredTexts(String name) {
        return texts(name, required(name, "a list of texts"));
    }

    /** The texts of a value, which is a list. */
    public List<String> texts(String name, JsonNode node) {
        if (!node.isArray()) {
            throw problem(name, found(node) + "; expected a list of texts");
        }
        List<String> texts = new ArrayList<>(node.size());
        for (JsonNode each : node) {
            texts.add(text(name + "[" + texts.size() + "]", each));
        }
        return texts;
    }

    public Optional<Boolean> flag(String name) {
        return value(name).map(node -> {
            if (!node.isBoolean()) {
                throw problem(name, found(node) + "; expected true or false");
            }
            return node.booleanValue();
        });
    }

    public OptionalInt integer(String name, int least, int most) {
        Optional<JsonNode> found = value(name);
        return found.isEmpty() ? OptionalInt.empty() : OptionalInt.of(integer(name, found.get(), least, most));
    }

    /** A whole number; 3.0 is one, too. */
    public int integer(String name, JsonNode node, int least, int most) {
        boolean whole = node.isNumber() && node.canConvertToExactIntegral() && node.canConvertToInt();
        if (!whole || node.intValue() < least || node.intValue() > most) {
            throw problem(name, found(node) + "; expected a whole number from " + least + " to " + most);
        }
        return node.intValue();
    }

    public OptionalDouble number(String name, double least, double most) {
        Optional<JsonNode> found = value(name);
        if (found.isEmpty()) {
            return OptionalDouble.empty();
        }
        JsonNode node = found.get();
        double value = node.isNumber() ? node.doubleValue() : Double.NaN;
        if (!(value >= least && value <= most)) {
            throw problem(name, found(node) + "; expected a number from " + least + " to " + most);
        }
        return OptionalDouble.of(value);
    }

    /** One of some words. */
    public Optional<String> word(String name, Collection<String> words) {
        return text(name).map(word -> {
            if (!words.contains(word)) {
                throw problem(name, "= " + MessageText.name(word) + "; expected one of " + MessageText.values(words));
            }
            return word;
        });
    }

    /** The fields of an object; empty if it is missing. */
    public Optional<JsonFields> object(String name) {
        return value(name).map(node -> {
            if (!(node instanceof ObjectNode object)) {
                throw problem(name, found(node) + "; expected an object");
            }
            return new JsonFields(object, wrong, prefix + name + ".");
        });
    }

    /** Names of fields that nobody has read so far. */
    public List<String> others() {
        List<String> names = new ArrayList<>();
        fields.fieldNames().forEachRemaining(name -> {
            if (!read.contains(name)) {
                names.add(prefix + name);
            }
        });
        return names;
    }

    /** A problem of a field, with its name. */
    public HttpProblem problem(String name, String words) {
        return new HttpProblem(wrong, prefix + name + " " + words + ".").param(prefix + name);
    }

    private static String found(JsonNode node) {
        return node.isValueNode() ? "= " + MessageText.value(node) : "is an " + type(node);
    }
}
