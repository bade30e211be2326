/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import onnx.Onnx;
import org.lora4j.pretrained.BertConfig;
import org.lora4j.pretrained.BertWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Files of a tiny random encoder, in the formats of real ones: an ONNX file and a tokenizer.json. */
final class TinyModelFiles {

    static final int HEADS = 2;

    private static final BertConfig CONFIG = BertConfig.of(2, 8, HEADS, 16, 12, 16, 2);
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

    static Path writeTokenizer(Path folder) throws IOException {
        return Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    }

    /** As PyTorch's exporter writes: the weight of a linear module goes by the name of its MatMul node. */
    static Path writeOnnx(Path folder) throws IOException {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        BertWeights.random(CONFIG, 1, DataType.FLOAT).tensors().forEach((name, array) -> {
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
