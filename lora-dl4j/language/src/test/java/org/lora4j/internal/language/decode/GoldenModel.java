/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A model of the language-model fixtures with what transformers computes from it in F64. */
final class GoldenModel implements DecoderTensors {

    /** Cases among the test resources, and all of them if {@code -Dlm.fixtures} names their folder. */
    static Stream<String> names() {
        String folder = System.getProperty("lm.fixtures");
        if (folder == null) {
            return Stream.of("llama-gqa", "gemma2-basic", "gpt2-basic", "phi3-partial-rotary");
        }
        try (Stream<Path> all = Files.list(Path.of(folder, "models"))) {
            return all.filter(Files::isDirectory).map(path -> path.getFileName().toString()).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final Path directory;
    private final DecoderWeights weights;
    private final JsonNode facts;

    private GoldenModel(Path directory) throws IOException {
        this.directory = directory;
        this.weights = DecoderWeights.read(directory, WeightStorage.AS_STORED);
        this.facts = new ObjectMapper().readTree(directory.resolve("case.json").toFile());
    }

    static GoldenModel of(String name) {
        String folder = System.getProperty("lm.fixtures");
        Path models = folder == null ? Path.of("src/test/resources/language/models") : Path.of(folder, "models");
        try {
            return new GoldenModel(models.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public INDArray array(String name) {
        return weights.array(name);
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    DecoderConfig config() {
        return weights.config();
    }

    DecodeModel model() {
        return new DecodeModel(config(), this);
    }

    /** The same model with other weights in the place of some. */
    DecodeModel model(Map<String, StoredWeight> stored) {
        return new DecodeModel(config(), new DecoderTensors() {
            @Override
            public INDArray array(String name) {
                return GoldenModel.this.array(name);
            }

            @Override
            public Optional<StoredWeight> stored(String name) {
                return Optional.ofNullable(stored.get(name));
            }
        });
    }

    /** All linear weights and tables in another form. */
    Map<String, StoredWeight> stored(Function<INDArray, StoredWeight> form) {
        Map<String, StoredWeight> stored = new HashMap<>();
        weights.names().forEach(name -> {
            INDArray array = weights.array(name);
            if (array.rank() == 2) {
                stored.put(name, form.apply(array));
            }
        });
        if (config().tied()) {
            stored.put("lm_head.weight", stored.get(config().module(DecoderPart.WORDS, 0) + ".weight"));
        }
        return stored;
    }

    double tolerance() {
        return facts.path("tolerance").path("float32").path("logits_atol").asDouble(2e-5);
    }

    int[][] prompts() {
        int[][] prompts = new int[facts.path("prompts").size()][];
        for (int i = 0; i < prompts.length; i++) {
            JsonNode ids = facts.path("prompts").get(i);
            prompts[i] = new int[ids.size()];
            Arrays.setAll(prompts[i], k -> ids.get(k).asInt());
        }
        return prompts;
    }

    double[] floats(String name) {
        return read("golden.safetensors", name);
    }

    long[] ids(String name) {
        return Arrays.stream(read("golden.safetensors", name))
                .mapToLong(x -> (long) x)
                .toArray();
    }

    private double[] read(String file, String name) {
        try (SafetensorsReader reader = SafetensorsReader.open(directory.resolve(file))) {
            return values(reader, reader.tensor(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double[] values(SafetensorsReader reader, TensorEntry entry) throws IOException {
        ByteBuffer bytes = reader.map(entry, 0, (int) entry.byteCount());
        int n = Math.toIntExact(Arrays.stream(entry.shape()).reduce(1, (a, b) -> a * b));
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = switch (entry.dtype()) {
                case I64 -> bytes.getLong();
                case F64 -> bytes.getDouble();
                case F32 -> bytes.getFloat();
                default -> throw new IllegalStateException(entry.toString());
            };
        }
        return values;
    }

    /** The fixture's adapter of rank 4 and alpha 8 on all linear modules, as adapter 0. */
    ModuleUpdates adapter(String folder) {
        Map<String, INDArray> factors = new HashMap<>();
        try (SafetensorsReader reader =
                SafetensorsReader.open(directory.resolve(folder).resolve("adapter_model.safetensors"))) {
            for (TensorEntry entry : reader.tensors().values()) {
                double[] read = values(reader, entry);
                float[] floats = new float[read.length];
                for (int i = 0; i < read.length; i++) {
                    floats[i] = (float) read[i];
                }
                factors.put(entry.name(), Nd4j.create(floats, entry.shape(), 'c'));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ModuleUpdates() {
            @Override
            public List<LowRank> lowRank(int adapter, String module) {
                String key = "base_model.model." + module;
                INDArray a = factors.get(key + ".lora_A.weight");
                return adapter == 0 && a != null
                        ? List.of(new LowRank(
                                a,
                                factors.get(key + ".lora_B.weight").transpose().dup('c'),
                                2))
                        : List.of();
            }

            @Override
            public Optional<INDArray> replaced(int adapter, String tensor) {
                return Optional.empty();
            }
        };
    }

    @Override
    public String toString() {
        return directory.getFileName().toString();
    }
}
