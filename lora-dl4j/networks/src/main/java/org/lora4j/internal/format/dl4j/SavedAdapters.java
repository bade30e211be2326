/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.dl4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.json.StrictJson;

/**
 * Which adapters a saved model has and in which state: the entry {@value #STATE} beside the entries of the base, which
 * Deeplearning4j does not look at. The files of an adapter, as PEFT has them, are entries below {@link #folder}.
 *
 * @param enabled whether adapters act
 * @param iterations how many iterations the model has been trained, the base included
 * @param epochs how many epochs
 * @param active names of active adapters in order
 * @param adapters the adapters in the order in which they were added
 * @apiNote Status: internal
 */
public record SavedAdapters(
        boolean enabled, int iterations, int epochs, List<String> active, List<SavedAdapter> adapters) {

    /** The entry. */
    public static final String STATE = "lora4j/state.json";

    /** How all entries of lora4j begin. */
    public static final String PREFIX = "lora4j/";

    private static final int VERSION = 1;
    private static final int LONGEST = 16 << 20;

    private static final int DEEPEST = 64;

    private static final ObjectMapper JSON = StrictJson.mapper(DEEPEST);

    /**
     * One adapter.
     *
     * @param index its number in the model, by which Deeplearning4j's parameters are called
     * @param seed source of its dropout
     * @param trainable whether it learns while it is active
     */
    public record SavedAdapter(String name, int index, long seed, boolean trainable) {}

    /**
     * Copies the lists.
     *
     * @param enabled whether adapters act
     */
    public SavedAdapters {
        active = List.copyOf(active);
        adapters = List.copyOf(adapters);
    }

    /**
     * Where the files of an adapter are.
     *
     * @return the beginning of names of entries, with a slash at its end
     */
    public static String folder(String name) {
        return PREFIX + "adapters/" + name + "/";
    }

    /**
     * Words this as JSON.
     *
     * @return the text of the entry
     */
    public String toJson() {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", VERSION).put("enabled", enabled);
        root.put("iterations", iterations).put("epochs", epochs);
        ArrayNode names = root.putArray("active");
        active.forEach(names::add);
        ArrayNode all = root.putArray("adapters");
        for (SavedAdapter adapter : adapters) {
            all.addObject()
                    .put("name", adapter.name())
                    .put("index", adapter.index())
                    .put("seed", adapter.seed())
                    .put("trainable", adapter.trainable());
        }
        return root.toPrettyString();
    }

    /**
     * Reads the entry.
     *
     * @throws ModelFormatException if there is none, or it is of a later version or not complete; the message lists what is
     *     wrong
     */
    public static SavedAdapters read(NetworkZip zip) throws IOException {
        if (!zip.names().contains(STATE)) {
            throw new ModelFormatException(zip.name() + ": has no entry \"" + STATE + "\" among "
                    + Problems.quoted(zip.names())
                    + "; expected a model that AdaptedNetwork.save wrote. It is a network"
                    + " without adapters: read it with NetworkFile and inject or load an adapter.");
        }
        JsonNode root;
        try {
            root = JSON.readTree(zip.text(STATE, LONGEST));
        } catch (JsonProcessingException e) {
            throw zip.corrupt(STATE, "is not valid JSON: " + e.getOriginalMessage());
        }
        if (root.path("version").asInt() != VERSION) {
            throw new ModelFormatException(
                    zip.where(STATE) + ": is of version " + MessageText.value(root.path("version")) + "; expected "
                            + VERSION + ". Use the version of lora4j that wrote it, or a later one.");
        }
        Problems problems = new Problems();
        SavedAdapters saved = new SavedAdapters(
                root.path("enabled").asBoolean(),
                whole(root, "iterations", problems),
                whole(root, "epochs", problems),
                names(root.path("active"), problems),
                adapters(root.path("adapters"), problems));
        problems.check(
                root.path("enabled").isBoolean(),
                "enabled = " + MessageText.value(root.path("enabled")) + ", expected a boolean");
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(zip.where(STATE)) + ". The file is damaged: get it again.");
        }
        return saved;
    }

    private static int whole(JsonNode object, String field, Problems problems) {
        JsonNode value = object.path(field);
        problems.check(
                value.isInt() && value.intValue() >= 0,
                field + " = " + MessageText.value(value) + ", expected a whole number, 0 or above");
        return value.asInt();
    }

    private static List<String> names(JsonNode array, Problems problems) {
        problems.check(array.isArray(), "active = " + MessageText.value(array) + ", expected a list");
        List<String> names = new ArrayList<>();
        for (JsonNode name : array) {
            problems.check(name.isTextual(), "active has " + MessageText.value(name) + ", expected names");
            names.add(name.asText());
        }
        return names;
    }

    private static List<SavedAdapter> adapters(JsonNode array, Problems problems) {
        problems.check(array.isArray(), "adapters = " + MessageText.value(array) + ", expected a list");
        List<SavedAdapter> adapters = new ArrayList<>();
        for (JsonNode entry : array) {
            problems.check(
                    entry.path("name").isTextual()
                            && entry.path("seed").isIntegralNumber()
                            && entry.path("seed").canConvertToLong()
                            && entry.path("trainable").isBoolean(),
                    "adapters has " + MessageText.value(entry) + ", expected name, index, seed and trainable");
            adapters.add(new SavedAdapter(
                    entry.path("name").asText(),
                    whole(entry, "index", problems),
                    entry.path("seed").asLong(),
                    entry.path("trainable").asBoolean()));
        }
        return adapters;
    }
}
