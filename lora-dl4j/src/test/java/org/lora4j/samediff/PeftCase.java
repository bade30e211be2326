/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

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
import org.lora4j.pretrained.BertConfig;
import org.lora4j.pretrained.BertEncoder;
import org.lora4j.pretrained.BertWeights;
import org.lora4j.pretrained.Pooling;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/** A golden case of PEFT: its adapter directory, its numbers, and its network as a SameDiff graph. */
final class PeftCase {

    final Path directory;
    final Map<String, INDArray> io;
    final SameDiff graph;
    private final Map<String, INDArray> base;

    private PeftCase(String name) {
        this(name, SameDiff.create());
    }

    private PeftCase(String name, SameDiff graph) {
        this.graph = graph;
        directory = resources(name);
        io = read(directory.resolve("io.safetensors"));
        base = read(directory.resolve("base.safetensors"));
    }

    private static Path resources(String name) {
        return Path.of("src/test/resources/peft", name);
    }

    Map<String, INDArray> inputs() {
        if (graph.hasVariable(BertEncoder.INPUT_IDS)) {
            INDArray ids = io.get("ids");
            INDArray mask = io.getOrDefault("mask", Nd4j.ones(DataType.FLOAT, ids.shape()));
            return Map.of(
                    BertEncoder.INPUT_IDS, ids.castTo(DataType.INT32),
                    BertEncoder.ATTENTION_MASK, mask.castTo(DataType.FLOAT));
        }
        return io.containsKey("ids") ? Map.of("ids", io.get("ids")) : Map.of("x", io.get("x"));
    }

    private PeftCase withLoss(SDVariable y) {
        SDVariable named = graph.identity("y", y);
        named.mul(named).sum("loss");
        graph.setLossVariables("loss");
        return this;
    }

    /** fc1, fc2, ... with rectifiers between; weights as PyTorch has them. */
    static PeftCase mlp(String name) {
        PeftCase golden = new PeftCase(name);
        SDVariable h = golden.placeholder("x");
        int layers = (int)
                golden.base.keySet().stream().filter(k -> k.endsWith(".weight")).count();
        for (int i = 1; i <= layers; i++) {
            h = golden.linear("fc" + i, h);
            h = i < layers ? golden.graph.nn().relu(h, 0) : h;
        }
        return golden.withLoss(h);
    }

    /** The mean over time of an embedding, and a linear head. */
    static PeftCase embedding(String name) {
        PeftCase golden = new PeftCase(name);
        SDVariable ids = golden.graph.placeHolder(
                "ids", DataType.INT64, -1, golden.io.get("ids").size(1));
        SDVariable table = golden.graph.var("embed.weight", golden.base.get("embed.weight"));
        SDVariable mean = golden.graph.gather(table, ids, 0).mean(1);
        return golden.withLoss(golden.linear("fc", mean));
    }

    /** Convolutions with rectifiers, the mean over space, and a linear head; geometry is {stride, padding} by layer. */
    static PeftCase convolutions(String name, int[]... geometry) {
        PeftCase golden = new PeftCase(name);
        SDVariable h = golden.placeholder("x");
        int axes = golden.io.get("x").rank() - 2;
        for (int i = 0; i < geometry.length; i++) {
            h = golden.graph.nn().relu(golden.convolution("conv" + (i + 1), h, axes, geometry[i]), 0);
        }
        int[] spatial = axes == 1 ? new int[] {2} : new int[] {2, 3};
        return golden.withLoss(golden.linear("fc", h.mean(spatial)));
    }

    /** A BERT encoder of two heads, the mean over time, and a linear classifier. */
    static PeftCase bert(String name) {
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
        BertConfig config = BertConfig.of(
                layers,
                8,
                2,
                (int) encoder.get("encoder.layer.0.intermediate.dense.weight").size(1),
                (int) encoder.get("embeddings.word_embeddings.weight").size(0),
                (int) encoder.get("embeddings.position_embeddings.weight").size(0),
                2);
        BertEncoder bert = BertEncoder.create(BertWeights.of(config, encoder), Pooling.MEAN);
        PeftCase golden = new PeftCase(name, bert.graph());
        return golden.withLoss(golden.linear("classifier", golden.graph.getVariable(BertEncoder.POOLED)));
    }

    private SDVariable placeholder(String name) {
        long[] shape = io.get(name).shape().clone();
        shape[0] = -1;
        return graph.placeHolder(name, DataType.FLOAT, shape);
    }

    private SDVariable linear(String module, SDVariable x) {
        SDVariable w = graph.var(module + ".weight", base.get(module + ".weight"));
        SDVariable y = graph.mmul(x, w, false, true, false);
        INDArray bias = base.get(module + ".bias");
        return bias == null ? y : y.add(graph.var(module + ".bias", bias));
    }

    private SDVariable convolution(String module, SDVariable x, int axes, int[] geometry) {
        INDArray torch = base.get(module + ".weight");
        SDVariable bias = graph.var(module + ".bias", base.get(module + ".bias"));
        int k = (int) torch.size(2);
        if (axes == 1) {
            SDVariable w = graph.var(module + ".weight", torch.permute(2, 1, 0).dup('c'));
            Conv1DConfig config = Conv1DConfig.builder()
                    .k(k)
                    .s(geometry[0])
                    .p(geometry[1])
                    .paddingMode(PaddingMode.VALID)
                    .dataFormat(Conv1DConfig.NCW)
                    .build();
            return graph.cnn().conv1d(x, w, bias, config);
        }
        SDVariable w = graph.var(module + ".weight", torch.permute(2, 3, 1, 0).dup('c'));
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(k)
                .kW(k)
                .sH(geometry[0])
                .sW(geometry[0])
                .pH(geometry[1])
                .pW(geometry[1])
                .dataFormat(Conv2DConfig.NCHW)
                .build();
        return graph.cnn().conv2d(x, w, bias, config);
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
