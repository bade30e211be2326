/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A model of the fixtures, adapters for it, and the text that it makes with one of them alone. */
final class ServedModel {

    static final Path MODELS = Path.of("src/test/resources/language/models");

    /** Where the two best logits are closer than this, rounding may decide. */
    private static final double AS_GOOD_AS_EQUAL = 1e-4;

    final CausalLm model;
    private final Path directory;
    /** Has all adapters, and one of them acts at a time. */
    private final CausalLm adapted;

    private final Map<Adapter, String> names = new IdentityHashMap<>();

    ServedModel(String name) {
        this(MODELS.resolve(name), CausalLm.Storage.AS_STORED);
    }

    ServedModel(Path directory, CausalLm.Storage storage) {
        this.directory = directory;
        try {
            model = CausalLm.load(directory, storage);
            adapted = CausalLm.load(directory, storage);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The small Phi-3 whose tokens all turn by other angles once a text has more than 16 of them. */
    static ServedModel longRope(Path directory) throws IOException {
        Path plain = MODELS.resolve("phi3-partial-rotary");
        ObjectMapper json = new ObjectMapper();
        ObjectNode fields =
                (ObjectNode) json.readTree(plain.resolve("config.json").toFile());
        fields.putObject("rope_scaling")
                .put("type", "longrope")
                .<ObjectNode>set("short_factor", json.valueToTree(new double[] {1, 1, 1, 1}))
                .set("long_factor", json.valueToTree(new double[] {3, 2, 3, 2}));
        fields.put("original_max_position_embeddings", 16).put("sliding_window", (Integer) null);
        json.writeValue(directory.resolve("config.json").toFile(), fields);
        Files.copy(plain.resolve("model.safetensors"), directory.resolve("model.safetensors"));
        return new ServedModel(directory, CausalLm.Storage.AS_STORED);
    }

    Adapter fixture(String name) throws IOException {
        return Adapter.load(directory.resolve(name));
    }

    Path folder(String name) {
        return directory.resolve(name);
    }

    static LoraConfig lora(int rank, String... targets) {
        return LoraConfig.builder()
                .rank(rank)
                .alpha(2 * rank)
                .targetModules(targets)
                .build();
    }

    /** An adapter whose values all are random. */
    Adapter random(AdapterConfig config, long seed, double size) {
        adapted.model().addAdapter("fresh", config, seed);
        Adapter fresh = adapted.model().adapter("fresh");
        adapted.model().removeAdapter("fresh");
        Random random = new Random(seed);
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        fresh.modules().forEach((path, factors) -> {
            Map<String, INDArray> moved = new LinkedHashMap<>();
            factors.forEach((key, array) -> {
                INDArray noise = Nd4j.create(array.shape());
                for (long i = 0; i < noise.length(); i++) {
                    noise.putScalar(i, size * random.nextGaussian());
                }
                moved.put(key, array.add(noise));
            });
            modules.put(path, moved);
        });
        return Adapter.of(config, modules, Map.of());
    }

    /** The model with one adapter; without, if it is null. For one thread at a time. */
    private CausalLm with(Adapter adapter) {
        if (adapter == null) {
            adapted.model().activate();
        } else {
            adapted.model().activate(names.computeIfAbsent(adapter, one -> {
                String name = "a" + names.size();
                adapted.model().addAdapter(name, one);
                return name;
            }));
        }
        return adapted;
    }

    Generation alone(Adapter adapter, int[] ids, GenerationConfig config) {
        return with(adapter).generateIds(List.of(ids), config, token -> true).get(0);
    }

    /** Whether a text is that of the adapter alone; a greedy one may part where two tokens are as good as equal. */
    boolean isText(Adapter adapter, int[] ids, GenerationConfig config, Generation found) {
        Generation expected = alone(adapter, ids, config);
        int parting = Arrays.mismatch(expected.newIds(), found.newIds());
        if (parting < 0) {
            return expected.text().equals(found.text()) && expected.finishReason() == found.finishReason();
        }
        if (config.doSample()
                || config.repetitionPenalty() != 1
                || parting >= Math.min(expected.newIds().length, found.newIds().length)) {
            return false;
        }
        return Math.abs(last(adapter, ids, expected.newIds(), parting) - last(adapter, ids, found.newIds(), parting))
                < AS_GOOD_AS_EQUAL;
    }

    /** The logarithm of the probability of a new token. */
    private double last(Adapter adapter, int[] ids, int[] newIds, int at) {
        int[] all = Arrays.copyOf(ids, ids.length + at + 1);
        System.arraycopy(newIds, 0, all, ids.length, at + 1);
        double[] found = with(adapter).logProbabilities(all);
        return found[found.length - 1];
    }

    void assertText(Adapter adapter, int[] ids, GenerationConfig config, Generation found) {
        assertThat(isText(adapter, ids, config, found))
                .as(() -> found + ", expected " + alone(adapter, ids, config))
                .isTrue();
    }
}
