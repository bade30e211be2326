/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A golden case of PEFT: its adapter directory, its numbers, and its network as a SameDiff graph. */
final class PeftCase {

    final Path directory;
    final Map<String, INDArray> io;
    final SameDiff graph;
    final Map<String, INDArray> base;
    private final JsonNode description;

    private PeftCase(String name) {
        this(name, SameDiff.create());
    }

    private PeftCase(String name, SameDiff graph) {
        this.graph = graph;
        directory = resources(name);
        description = description(name);
        io = read(directory.resolve("io.safetensors"));
        base = read(directory.resolve("base.safetensors"));
    }

    private static Path resources(String name) {
        return Path.of("../core/src/test/resources/peft", name);
    }

    Map<String, INDArray> inputs() {
        if (graph.hasVariable(EncoderGraph.INPUT_IDS)) {
            INDArray ids = io.get("ids");
            INDArray mask = io.getOrDefault("mask", Nd4j.ones(DataType.FLOAT, ids.shape()));
            return Map.of(
                    EncoderGraph.INPUT_IDS, ids.castTo(DataType.INT32),
                    EncoderGraph.ATTENTION_MASK, mask.castTo(DataType.FLOAT));
        }
        return io.containsKey("ids") ? Map.of("ids", io.get("ids")) : Map.of("x", io.get("x"));
    }

    private PeftCase withLoss(SDVariable y) {
        SDVariable named = graph.identity("y", y);
        named.mul(named).sum("loss");
        graph.setLossVariables("loss");
        return this;
    }

    /** The case of a name, with the network that its description names. */
    static PeftCase open(String name) {
        JsonNode description = description(name);
        if (description.get("model").asText().equals("bert")) {
            return bert(name);
        }
        PeftCase golden = new PeftCase(name);
        return golden.withLoss(PeftNetworks.build(golden.graph, description, golden.base, golden.io));
    }

    private static JsonNode description(String name) {
        try {
            return new ObjectMapper()
                    .readTree(resources(name).resolve("case.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the adapter of a name lies. */
    Path adapter(String name) {
        return name.equals("default") ? directory : directory.resolve(name);
    }

    /** Where the only or the first adapter lies. */
    Path adapter() {
        JsonNode names = description.get("adapters");
        return names == null ? directory : adapter(names.get(0).asText());
    }

    /** An expected value by its key; where PEFT computes a wrong one, the right one. */
    INDArray expected(String kind, String rest) {
        return io.getOrDefault(kind + "_once" + rest, io.get(kind + rest));
    }

    void assertClose(INDArray found, INDArray expected) {
        assertThat(found.shape()).isEqualTo(expected.shape());
        double[] a = found.dup('c').castTo(DataType.DOUBLE).data().asDouble();
        double[] b = expected.dup('c').castTo(DataType.DOUBLE).data().asDouble();
        JsonNode stated = description.get("tolerance");
        double absolute = stated.get("atol").asDouble();
        double relative = stated.get("rtol").asDouble();
        for (int i = 0; i < a.length; i++) {
            assertThat(Math.abs(a[i] - b[i]))
                    .as("element " + i)
                    .isLessThanOrEqualTo(absolute + relative * Math.abs(b[i]));
        }
    }

    /** A BERT encoder of two heads, the mean over time, and a linear classifier. */
    private static PeftCase bert(String name) {
        Map<String, INDArray> encoder = new LinkedHashMap<>();
        read(resources(name).resolve("base.safetensors")).forEach((key, array) -> {
            boolean linear = array.rank() == 2 && !key.startsWith("embeddings.");
            encoder.put(key, linear ? array.permute(1, 0).dup('c') : array);
        });
        encoder.remove("classifier.weight");
        encoder.remove("classifier.bias");
        int layers = (int) encoder.keySet().stream()
                .filter(key -> key.endsWith("query.weight"))
                .count();
        EncoderConfig config = EncoderConfig.bert(
                layers,
                8,
                2,
                (int) encoder.get("encoder.layer.0.intermediate.dense.weight").size(1),
                (int) encoder.get("embeddings.word_embeddings.weight").size(0),
                (int) encoder.get("embeddings.position_embeddings.weight").size(0),
                2);
        EncoderGraph bert = EncoderGraph.create(EncoderWeights.of(config, encoder), Pooling.MEAN);
        PeftCase golden = new PeftCase(name, bert.graph());
        return golden.withLoss(golden.linear("classifier", golden.graph.getVariable(EncoderGraph.POOLED)));
    }

    private SDVariable linear(String module, SDVariable x) {
        SDVariable w = graph.var(module + ".weight", base.get(module + ".weight"));
        SDVariable y = graph.mmul(x, w, false, true, false);
        INDArray bias = base.get(module + ".bias");
        return bias == null ? y : y.add(graph.var(module + ".bias", bias));
    }

    static Map<String, INDArray> read(Path file) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String name : new TreeSet<>(reader.tensors().keySet())) {
                arrays.put(name, array(reader, reader.tensor(name)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return arrays;
    }

    private static INDArray array(SafetensorsReader reader, TensorEntry entry) throws IOException {
        ByteBuffer bytes = reader.map(entry, 0, (int) entry.byteCount());
        if (entry.dtype() == DType.I64) {
            long[] values = new long[bytes.remaining() / Long.BYTES];
            bytes.asLongBuffer().get(values);
            return Nd4j.createFromArray(values).reshape(entry.shape());
        }
        if (entry.dtype() != DType.F32) {
            throw new IllegalStateException(entry + ": expected F32 or I64 out of " + Arrays.toString(DType.values()));
        }
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return Nd4j.create(values, entry.shape(), 'c');
    }
}
