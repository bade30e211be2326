/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import onnx.Onnx;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Files of a tiny random encoder, in the formats of real ones: an ONNX file, a tokenizer.json, a directory. */
public final class TinyModelFiles {

    public static final int HEADS = 2;

    private static final EncoderConfig CONFIG = EncoderConfig.bert(2, 8, HEADS, 16, 12, 16, 2);
    private static final Pattern LINEAR = Pattern.compile("encoder\\.(layer\\.\\d+)\\.(?!.*LayerNorm)(.*)\\.weight");
    private static final String TOKENIZER = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
             "normalizer": {"type": "Lowercase"},
             "pre_tokenizer": {"type": "Whitespace"},
             "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
             "decoder": null,
             "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {
               "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "good": 3, "bad": 4, "very": 5, "film": 6, "a": 7}}}
            """;

    private TinyModelFiles() {}

    public static Path writeTokenizer(Path folder) throws IOException {
        return Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    }

    /** As PyTorch's exporter writes: the weight of a linear module goes by the name of its MatMul node. */
    public static Path writeOnnx(Path folder) throws IOException {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        EncoderWeights.random(CONFIG, 1, DataType.FLOAT).tensors().forEach((name, array) -> {
            var linear = LINEAR.matcher(name);
            if (linear.matches()) {
                String node =
                        "/encoder/" + linear.group(1) + "/" + linear.group(2).replace('.', '/') + "/MatMul";
                graph.addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("MatMul")
                        .setName(node)
                        .addInput("x")
                        .addInput(name));
            }
            graph.addInitializer(tensor(name, array));
        });
        Onnx.ModelProto model =
                Onnx.ModelProto.newBuilder().setIrVersion(8).setGraph(graph).build();
        return Files.write(folder.resolve("model.onnx"), model.toByteArray());
    }

    /** As {@code save_pretrained} of a BertForSequenceClassification with two classes writes, with a tokenizer. */
    public static Path writeDirectory(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), """
                {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_act": "gelu",
                 "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
                 "vocab_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2, "layer_norm_eps": 1e-12}
                """);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        EncoderWeights.random(CONFIG, 1, DataType.FLOAT).tensors().forEach((name, array) -> {
            boolean linear = LINEAR.matcher(name).matches();
            tensors.put("bert." + name, linear ? array.transpose().dup('c') : array);
        });
        SplittableRandom random = new SplittableRandom(2);
        tensors.put("bert.pooler.dense.weight", RandomStreams.uniform(random, 0.5, DataType.FLOAT, 8, 8));
        tensors.put("bert.pooler.dense.bias", RandomStreams.uniform(random, 0.5, DataType.FLOAT, 8));
        tensors.put("classifier.weight", RandomStreams.uniform(random, 0.5, DataType.FLOAT, 2, 8));
        tensors.put("classifier.bias", RandomStreams.uniform(random, 0.5, DataType.FLOAT, 2));
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((name, array) -> sources.add(TensorSource.of(name, DType.F32, array.shape(), bytes(array))));
        SafetensorsWriter.write(directory.resolve("model.safetensors"), sources, Map.of("format", "pt"));
        writeTokenizer(directory);
        return directory;
    }

    private static ByteBuffer bytes(INDArray array) {
        float[] values = array.ravel().toFloatVector();
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    private static Onnx.TensorProto tensor(String name, INDArray array) {
        Onnx.TensorProto.Builder tensor =
                Onnx.TensorProto.newBuilder().setName(name).setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE);
        for (long size : array.shape()) {
            tensor.addDims(size);
        }
        for (float value : array.ravel().toFloatVector()) {
            tensor.addFloatData(value);
        }
        return tensor.build();
    }
}
