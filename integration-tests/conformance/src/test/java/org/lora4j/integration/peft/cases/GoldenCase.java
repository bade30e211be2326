/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A golden case that PEFT computed.
 *
 * @param directory its folder
 * @param about the content of {@code case.json}
 * @param base all weights of the base model, by PyTorch's names and in its layout
 * @param io inputs and expected values
 */
public record GoldenCase(Path directory, JsonNode about, Map<String, INDArray> base, Map<String, INDArray> io) {

    /** The file that makes a folder a case. */
    public static final String ABOUT = "case.json";

    /** The family of damaged files. */
    public static final String MALFORMED = "malformed";

    private static final String CONFIG = "adapter_config.json";

    /** Lists that PEFT repeats layers of. */
    private static final Pattern OF_A_LAYER =
            Pattern.compile("((?:model\\.)*(?:bert\\.)?(?:layers|encoder\\.layer|h)\\.)(\\d+)(\\..*)");

    private static final String DEFAULT = "default";

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a case.
     *
     * @param directory its folder
     * @return the case
     * @throws IOException if a file is damaged, or there is no {@code case.json}
     */
    public static GoldenCase read(Path directory) throws IOException {
        if (!Files.exists(directory.resolve(ABOUT))) {
            throw new IOException(directory + ": no " + ABOUT + "; expected the description of the case");
        }
        return new GoldenCase(
                directory,
                JSON.readTree(directory.resolve(ABOUT).toFile()),
                Tensors.read(directory.resolve("base.safetensors")),
                Tensors.read(directory.resolve("io.safetensors")));
    }

    /**
     * The name of the case.
     *
     * @return a name
     */
    public String name() {
        return about.path("name").asText(directory.getFileName().toString());
    }

    /**
     * The family of the case.
     *
     * @return such as {@code lora-linear}
     */
    public String family() {
        return about.path("family").asText("unknown");
    }

    /**
     * The architecture of the base model.
     *
     * @return such as {@code mlp}
     */
    public String model() {
        return about.path("model").asText("none");
    }

    /**
     * What the architecture leaves open.
     *
     * @return a JSON object; empty if there is none
     */
    public JsonNode params() {
        return about.path("params");
    }

    /**
     * How far numbers may be from PEFT's.
     *
     * @return the tolerance that the case states
     */
    public Tolerance tolerance() {
        return new Tolerance(
                about.at("/tolerance/atol").asDouble(1e-5),
                about.at("/tolerance/rtol").asDouble(1e-4));
    }

    /**
     * The adapters of the case.
     *
     * @return names: those that it lists, or else those whose folders there are
     * @throws IOException if the folder cannot be listed
     */
    public List<String> adapters() throws IOException {
        List<String> listed = strings("adapters");
        if (!listed.isEmpty()) {
            return listed;
        }
        List<String> below;
        try (Stream<Path> children = Files.list(directory)) {
            below = children.filter(child -> Files.exists(child.resolve(CONFIG)))
                    .map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
        boolean inFolder = Files.exists(directory.resolve(CONFIG)) || below.isEmpty();
        return inFolder ? List.of(DEFAULT) : below;
    }

    /**
     * The adapters whose outputs and merged weights the case states.
     *
     * @return names
     * @throws IOException if the folder cannot be listed
     */
    public List<String> mergedAdapters() throws IOException {
        if (about.hasNonNull("result")) {
            return List.of(about.get("result").asText());
        }
        List<String> merged = strings("merged_adapters");
        return merged.isEmpty() ? adapters() : merged;
    }

    /**
     * The folder of an adapter.
     *
     * @param adapter its name
     * @return the folder of its name, or that of the case for the default one
     */
    public Path folderOf(String adapter) {
        Path below = directory.resolve(adapter);
        boolean here = adapter.equals(DEFAULT) && !Files.exists(below.resolve(CONFIG));
        return here ? directory : below;
    }

    /**
     * Whether PEFT repeated layers of the base for the adapters of the case.
     *
     * @return whether it did
     * @throws IOException if a config cannot be read
     */
    public boolean repeatsLayers() throws IOException {
        return !replication().isEmpty();
    }

    private JsonNode replication() throws IOException {
        // A case that a test makes up has no folder.
        if (!Files.isDirectory(directory)) {
            return JSON.missingNode();
        }
        Path config = folderOf(adapters().get(0)).resolve(CONFIG);
        return Files.isRegularFile(config)
                ? JSON.readTree(config.toFile()).path("layer_replication")
                : JSON.missingNode();
    }

    /**
     * The case on the base that PEFT made of the case's by repeating layers.
     *
     * @return a case of the same folder
     * @throws IOException if the config cannot be read
     */
    public GoldenCase withRepeatedLayers() throws IOException {
        List<Integer> sources = new ArrayList<>();
        replication().forEach(range -> {
            for (int i = range.get(0).asInt(); i < range.get(1).asInt(); i++) {
                sources.add(i);
            }
        });
        Map<String, INDArray> deeper = new TreeMap<>();
        base.forEach((name, array) -> {
            Matcher layer = OF_A_LAYER.matcher(name);
            if (!layer.matches()) {
                deeper.put(name, array);
                return;
            }
            for (int i = 0; i < sources.size(); i++) {
                if (sources.get(i).equals(Integer.valueOf(layer.group(2)))) {
                    deeper.put(layer.group(1) + i + layer.group(3), array);
                }
            }
        });
        return new GoldenCase(directory, about, deeper, io);
    }

    /**
     * Reads an adapter, with the projections or positions that PEFT drew where no file holds them.
     *
     * @param folder a folder with an adapter of the case, or one saved again
     * @return the adapter
     * @throws IOException if it is refused
     */
    public Adapter load(Path folder) throws IOException {
        Map<String, INDArray> given = new TreeMap<>();
        io.forEach((key, array) -> {
            if (key.matches("(p?vera|randlora)_[AB]")) {
                given.put("base_model." + key, array);
            } else if (key.startsWith("indices.")) {
                given.put("base_model.model." + key.substring("indices.".length()) + ".fourierft_indices", array);
            }
        });
        return AdapterLoader.of(folder).tensors(given).load();
    }

    /**
     * Whether an adapter of the case has tensors of a module.
     *
     * @param module path of the module
     * @return whether one of them does, as far as their files can be read
     * @throws IOException if the folder cannot be listed
     */
    public boolean adapts(String module) throws IOException {
        for (String adapter : adapters()) {
            Path weights = folderOf(adapter).resolve("adapter_model.safetensors");
            if (Files.isRegularFile(weights)
                    && Tensors.types(weights).keySet().stream()
                            .anyMatch(key -> key.startsWith("base_model.model." + module + ".lora_"))) {
                return true;
            }
        }
        return false;
    }

    /**
     * A list of strings of {@code case.json}.
     *
     * @param field its field
     * @return the strings; none if there is no such field
     */
    public List<String> strings(String field) {
        return strings(about.path(field));
    }

    /**
     * The strings of a list.
     *
     * @param list a JSON array, or nothing
     * @return the strings
     */
    public static List<String> strings(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    /**
     * The expected values under a prefix.
     *
     * @param prefix such as {@code merged.}
     * @return arrays by the rest of their names
     */
    public Map<String, INDArray> expected(String prefix) {
        Map<String, INDArray> found = new TreeMap<>();
        io.forEach(withoutPrefix(prefix, found::put));
        return found;
    }

    private static BiConsumer<String, INDArray> withoutPrefix(String prefix, BiConsumer<String, INDArray> sink) {
        return (key, array) -> {
            if (key.startsWith(prefix)) {
                sink.accept(key.substring(prefix.length()), array);
            }
        };
    }

    /**
     * The merged weights that are right: PEFT adds the update of an attention's output projection twice, and the case
     * states what adding it once gives beside it.
     *
     * @return every weight that merging changes, by name
     */
    public Map<String, INDArray> mergedWeights() {
        Map<String, INDArray> merged = new TreeMap<>();
        expected("merged.").forEach((name, array) -> {
            // Some methods leave the wrapper of a saved module in PEFT's merged model.
            if (!name.contains(".original_module.")) {
                merged.put(name.replaceFirst("\\.modules_to_save(\\.[^.]+)?(?=\\.[^.]+$)", ""), array);
            }
        });
        merged.putAll(expected("merged_once."));
        return merged;
    }

    /**
     * The gradients that are right, see {@link #mergedWeights}.
     *
     * @return gradients by key of the adapter file
     */
    public Map<String, INDArray> gradients() {
        Map<String, INDArray> gradients = expected("grad.");
        gradients.putAll(expected("grad_once."));
        return gradients;
    }

    /**
     * The output with the adapters that is right, see {@link #mergedWeights}.
     *
     * @return the output, or null
     */
    public INDArray adaptedOutput() {
        return io.getOrDefault("y_adapter_once", io.get("y_adapter"));
    }

    /**
     * The output after merging that is right, see {@link #mergedWeights}.
     *
     * @return the output, or null if PEFT could not merge
     */
    public INDArray mergedOutput() {
        boolean twice = io.containsKey("y_adapter_once");
        return io.getOrDefault("y_merged_once", twice ? io.get("y_adapter_once") : io.get("y_merged"));
    }

    /**
     * The names of the features.
     *
     * @return the list of {@code case.json}, joined, for messages and for what only they tell
     */
    public String features() {
        return String.join("; ", strings("features"));
    }
}
