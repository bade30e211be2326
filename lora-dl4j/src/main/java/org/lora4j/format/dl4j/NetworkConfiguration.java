/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.dl4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/**
 * The configuration of a network as text, judged before anything is made of it.
 *
 * <p>Deeplearning4j names classes in its JSON ({@code "@class"}, for distributions {@code "type"}) and makes whatever is
 * named there. Every such name must be one that networks are made of, or one that the caller allows. Two forms of arrays are
 * refused as well: the old one with strides, which would be followed beyond its buffer, and any whose shape and elements
 * disagree.
 *
 * @param text the JSON, valid, without duplicate keys
 * @param isGraph whether it is of a {@code ComputationGraph}, else of a {@code MultiLayerNetwork}
 * @apiNote Status: internal
 */
public record NetworkConfiguration(String text, boolean isGraph) {

    /** Where the classes of networks live: configurations, and what they refer to. */
    public static final List<String> PACKAGES = List.of(
            "org.deeplearning4j.nn.conf.",
            "org.deeplearning4j.nn.weights.",
            "org.deeplearning4j.nn.modelimport.keras.preprocessors.",
            "org.nd4j.linalg.activations.",
            "org.nd4j.linalg.learning.",
            "org.nd4j.linalg.lossfunctions.",
            "org.nd4j.linalg.schedule.",
            "org.lora4j.dl4j.layer.");

    private static final int LONGEST = 32 << 20;
    private static final int DEEPEST = 100;

    // Jackson takes further syntax with type arguments, which would be loaded unseen.
    private static final Pattern CLASS_NAME = Pattern.compile("[\\w$]+(\\.[\\w$]+)*");

    private static final ObjectMapper JSON = mapper();

    private static ObjectMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build());
        return mapper;
    }

    /**
     * Reads the configuration of a network.
     *
     * @param zip the file
     * @param allowed names of further classes that it may make
     * @return the configuration
     * @throws ModelFormatException if it is not the JSON of a network, or names classes that are not allowed; the message
     *     lists all of them
     * @throws IOException if reading fails
     */
    public static NetworkConfiguration read(NetworkZip zip, Set<String> allowed) throws IOException {
        String text = zip.text(NetworkZip.CONFIGURATION, LONGEST);
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw zip.corrupt(NetworkZip.CONFIGURATION, "is not valid JSON: " + e.getOriginalMessage());
        }
        boolean layers = root.path("confs").isArray();
        boolean graph = root.path("vertices").isObject();
        if (layers == graph) {
            throw zip.corrupt(
                    NetworkZip.CONFIGURATION,
                    layers
                            ? "has both \"confs\" and \"vertices\"; expected one of them"
                            : "has neither the list \"confs\" of a MultiLayerNetwork nor the \"vertices\" of a"
                                    + " ComputationGraph");
        }
        Problems problems = new Problems();
        new Check(allowed, problems, new HashSet<>()).check(root, "");
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(zip.where(NetworkZip.CONFIGURATION))
                    + "; expected classes of " + Problems.quoted(PACKAGES) + ". If you trust a class, name it:"
                    + " NetworkFile.of(file).allowing(TheClass.class).");
        }
        return new NetworkConfiguration(text, graph);
    }

    /** Looks through the whole text; a class is named once. */
    private record Check(Set<String> allowed, Problems problems, Set<String> foreign) {

        void check(JsonNode node, String path) {
            if (node.isArray()) {
                for (int i = 0; i < node.size(); i++) {
                    check(node.get(i), path + "[" + i + "]");
                }
            }
            if (node.isObject()) {
                checkArray(node, path);
                node.properties().forEach(property -> {
                    String below =
                            MessageText.value(path.isEmpty() ? property.getKey() : path + "." + property.getKey());
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
                    && (allowed.contains(name) || PACKAGES.stream().anyMatch(name::startsWith));
            if (!known && foreign.add(name)) {
                problems.add(
                        "the class " + MessageText.name(name) + " at " + path + " is none that networks are made of");
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
}
