/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.HalfFloats;

/**
 * A tiny model as Python writes it: tensors in PyTorch's shapes, written down by name here and nowhere derived from the
 * classes under test.
 */
final class TinyCheckpoint {

    static final int HIDDEN = 6;
    static final int WIDE = 10;
    static final int CLASSES = 3;

    final Map<String, Object> config = new LinkedHashMap<>();
    private final Map<String, double[][]> tensors = new LinkedHashMap<>();
    private final SplittableRandom random;

    private TinyCheckpoint(long seed) {
        random = new SplittableRandom(seed);
        config.put("hidden_size", HIDDEN);
        config.put("num_hidden_layers", 2);
        config.put("num_attention_heads", 2);
        config.put("intermediate_size", WIDE);
        config.put("hidden_act", "gelu");
        config.put("vocab_size", 20);
    }

    /** Nothing yet: to collect the tensors of an adapter. */
    static TinyCheckpoint empty(long seed) {
        return new TinyCheckpoint(seed);
    }

    /** {@code BertForSequenceClassification} with three classes. */
    static TinyCheckpoint bert() {
        TinyCheckpoint tiny = new TinyCheckpoint(1);
        tiny.config.putAll(Map.of(
                "model_type",
                "bert",
                "architectures",
                List.of("BertForSequenceClassification"),
                "max_position_embeddings",
                12,
                "type_vocab_size",
                2,
                "layer_norm_eps",
                1e-12,
                "id2label",
                Map.of("0", "a", "1", "b", "2", "c")));
        tiny.encoder("bert.", 12, 2);
        tiny.linear("bert.pooler.dense", HIDDEN, HIDDEN);
        tiny.linear("classifier", HIDDEN, CLASSES);
        return tiny;
    }

    /** {@code RobertaForSequenceClassification} with three classes. */
    static TinyCheckpoint roberta() {
        TinyCheckpoint tiny = new TinyCheckpoint(2);
        tiny.config.putAll(Map.of(
                "model_type",
                "roberta",
                "architectures",
                List.of("RobertaForSequenceClassification"),
                "max_position_embeddings",
                14,
                "type_vocab_size",
                1,
                "layer_norm_eps",
                1e-5,
                "pad_token_id",
                1,
                "id2label",
                Map.of("0", "a", "1", "b", "2", "c")));
        tiny.encoder("roberta.", 14, 1);
        tiny.linear("classifier.dense", HIDDEN, HIDDEN);
        tiny.linear("classifier.out_proj", HIDDEN, CLASSES);
        return tiny;
    }

    private void encoder(String prefix, int positions, int types) {
        add(prefix + "embeddings.word_embeddings.weight", 20, HIDDEN);
        add(prefix + "embeddings.position_embeddings.weight", positions, HIDDEN);
        add(prefix + "embeddings.token_type_embeddings.weight", types, HIDDEN);
        norm(prefix + "embeddings.LayerNorm");
        for (int layer = 0; layer < 2; layer++) {
            String at = prefix + "encoder.layer." + layer + ".";
            linear(at + "attention.self.query", HIDDEN, HIDDEN);
            linear(at + "attention.self.key", HIDDEN, HIDDEN);
            linear(at + "attention.self.value", HIDDEN, HIDDEN);
            linear(at + "attention.output.dense", HIDDEN, HIDDEN);
            norm(at + "attention.output.LayerNorm");
            linear(at + "intermediate.dense", HIDDEN, WIDE);
            linear(at + "output.dense", WIDE, HIDDEN);
            norm(at + "output.LayerNorm");
        }
    }

    private void norm(String module) {
        add(module + ".weight", 1, HIDDEN);
        add(module + ".bias", 1, HIDDEN);
    }

    /** As {@code torch.nn.Linear}: the weight is {@code [out, in]}. */
    TinyCheckpoint linear(String module, int in, int out) {
        add(module + ".weight", out, in);
        add(module + ".bias", 1, out);
        return this;
    }

    /** A tensor of any values; one row is a vector. */
    TinyCheckpoint add(String name, int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (random.nextDouble() * 1.2 - 0.6);
            }
        }
        tensors.put(name, values);
        return this;
    }

    TinyCheckpoint put(String name, double[][] values) {
        tensors.put(name, values);
        return this;
    }

    TinyCheckpoint remove(String start) {
        tensors.keySet().removeIf(name -> name.startsWith(start));
        return this;
    }

    TinyCheckpoint rename(UnaryOperator<String> rule) {
        Map<String, double[][]> renamed = new LinkedHashMap<>();
        tensors.forEach((name, values) -> renamed.put(rule.apply(name), values));
        tensors.clear();
        tensors.putAll(renamed);
        return this;
    }

    TinyCheckpoint with(String field, Object value) {
        config.put(field, value);
        return this;
    }

    TinyCheckpoint without(String field) {
        config.remove(field);
        return this;
    }

    double[][] values(String name) {
        return tensors.get(name);
    }

    /** The weights for the plain forward pass: no prefix, matrices of linear modules {@code [in][out]}. */
    Map<String, double[][]> forReference(String prefix) {
        Map<String, double[][]> result = new LinkedHashMap<>();
        tensors.forEach((name, values) -> {
            boolean table = name.contains("_embeddings.") || values.length == 1;
            String path = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
            result.put(path, table ? values : transposed(values));
        });
        return result;
    }

    static double[][] transposed(double[][] values) {
        double[][] result = new double[values[0].length][values.length];
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values[0].length; j++) {
                result[j][i] = values[i][j];
            }
        }
        return result;
    }

    /** Writes a directory in double precision, in which the graph can be compared closely. */
    Path write(Path directory) throws IOException {
        return write(directory, DType.F64);
    }

    Path write(Path directory, DType dtype) throws IOException {
        writeConfig(directory);
        writeTensors(directory.resolve("model.safetensors"), dtype);
        return directory;
    }

    void writeTensors(Path file, DType dtype) throws IOException {
        SafetensorsWriter.write(file, sources(dtype, new ArrayList<>(tensors.keySet())), Map.of("format", "pt"));
    }

    List<String> names() {
        return List.copyOf(tensors.keySet());
    }

    Path writeConfig(Path directory) throws IOException {
        Files.writeString(directory.resolve("config.json"), json(config));
        return directory;
    }

    /** Writes the tensors in turn to that many shards. */
    Path writeShards(Path directory, int shards) throws IOException {
        writeConfig(directory);
        List<String> names = new ArrayList<>(tensors.keySet());
        Map<String, Object> shardOf = new LinkedHashMap<>();
        for (int shard = 0; shard < shards; shard++) {
            String file = shardName(shard, shards);
            List<String> here = new ArrayList<>();
            for (int i = shard; i < names.size(); i += shards) {
                here.add(names.get(i));
                shardOf.put(names.get(i), file);
            }
            SafetensorsWriter.write(directory.resolve(file), sources(DType.F64, here), Map.of("format", "pt"));
        }
        Files.writeString(
                directory.resolve("model.safetensors.index.json"),
                json(Map.of("metadata", Map.of("total_size", 1), "weight_map", shardOf)));
        return directory;
    }

    static String shardName(int shard, int shards) {
        return String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", shard + 1, shards);
    }

    private List<TensorSource> sources(DType dtype, List<String> names) {
        List<TensorSource> sources = new ArrayList<>();
        for (String name : names) {
            double[][] values = tensors.get(name);
            boolean vector = values.length == 1 && !name.contains("_embeddings.");
            long[] shape = vector ? new long[] {values[0].length} : new long[] {values.length, values[0].length};
            sources.add(TensorSource.of(name, dtype, shape, bytes(dtype, values)));
        }
        return sources;
    }

    private static ByteBuffer bytes(DType dtype, double[][] values) {
        int width = dtype.bits() / 8;
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * values[0].length * width).order(ByteOrder.LITTLE_ENDIAN);
        for (double[] row : values) {
            for (double value : row) {
                switch (dtype) {
                    case F64 -> bytes.putDouble(value);
                    case F32 -> bytes.putFloat((float) value);
                    case F16 -> bytes.putShort(HalfFloats.toF16((float) value));
                    // Cutting the lower half off is a rounding too, toward zero.
                    case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits((float) value) >>> 16));
                    case I64 -> bytes.putLong((long) value);
                    default -> throw new IllegalArgumentException(dtype.toString());
                }
            }
        }
        return bytes.flip();
    }

    /** JSON of maps, lists, strings and numbers. */
    static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            List<String> entries = new ArrayList<>();
            map.forEach((key, entry) -> entries.add("\"" + key + "\": " + json(entry)));
            return "{" + String.join(", ", entries) + "}";
        }
        if (value instanceof List<?> list) {
            return "["
                    + String.join(", ", list.stream().map(TinyCheckpoint::json).toList()) + "]";
        }
        return value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
    }
}
