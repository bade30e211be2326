/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.encoder.EncoderTensor;
import org.nd4j.linalg.api.buffer.DataType;

class BertFromOnnxTest {

    private static final EncoderConfig CONFIG = EncoderConfig.bert(2, 8, 4, 12, 10, 6, 2);

    private final EncoderWeights weights = EncoderWeights.random(CONFIG, 4, DataType.FLOAT);

    @Test
    void fromOnnx_givesConfigAndTensors() throws IOException {
        EncoderWeights read = EncoderWeights.fromOnnx(export("", name -> true), 4);

        assertThat(read.config()).isEqualTo(CONFIG);
        assertThat(read.tensors()).isEqualTo(weights.tensors());
    }

    @Test
    void fromOnnx_withAModelPrefix_dropsIt() throws IOException {
        EncoderWeights read = EncoderWeights.fromOnnx(export("bert.", name -> true), 4);

        assertThat(read.tensors()).isEqualTo(weights.tensors());
    }

    @Test
    void fromOnnx_withMissingTensors_namesThemAllAsTheFileWould() throws IOException {
        OnnxInitializers onnx = export(
                "",
                name -> !name.equals("encoder.layer.1.attention.self.key.weight")
                        && !name.equals("encoder.layer.0.output.LayerNorm.bias"));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> EncoderWeights.fromOnnx(onnx, 4))
                .withMessageContaining("2 problems")
                .withMessageContaining(
                        "tensor \"/encoder/layer.1/attention/self/key/MatMul\" is missing, expected shape [8, 8]")
                .withMessageContaining(
                        "tensor \"encoder.layer.0.output.LayerNorm.bias\" is missing, expected shape [8]");
    }

    @Test
    void fromOnnx_ofAnotherArchitecture_saysWhatTheFileHolds() throws IOException {
        OnnxInitializers onnx = OnnxInitializersTest.read(OnnxInitializersTest.model(
                OnnxInitializersTest.floats("conv1.weight", OnnxInitializersTest.raw(1), 1)));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> EncoderWeights.fromOnnx(onnx, 4))
                .withMessage(
                        "test.onnx: 0 tensors named \"embeddings.word_embeddings.weight\"; expected one, as in exports"
                                + " of BERT-family encoders. The file starts with: \"conv1.weight\".");
    }

    /** Names as exports of the published models have them: tables and norms by name, linear modules by node. */
    @ParameterizedTest
    @CsvSource({
        "distilbert, embeddings.word_embeddings.weight, transformer.layer.0.sa_layer_norm.weight, transformer.layer.0.ffn.lin1",
        "mpnet, embeddings.word_embeddings.weight, encoder.relative_attention_bias.weight, encoder.layer.0.attention.attn.q",
        "modernbert, embeddings.tok_embeddings.weight, model.final_norm.weight, layers.0.mlp.Wi",
        "t5, shared.weight, encoder.final_layer_norm.weight, encoder.block.0.layer.0.SelfAttention.q",
        "deberta-v2, embeddings.word_embeddings.weight, encoder.rel_embeddings.weight, encoder.layer.0.attention.self.query_proj"
    })
    void fromOnnx_ofAnotherFamily_namesItAndSaysWhatIsRead(String family, String table, String norm, String linear)
            throws IOException {
        Onnx.ModelProto model = OnnxInitializersTest.model(
                OnnxInitializersTest.floats(table, OnnxInitializersTest.raw(1), 1),
                OnnxInitializersTest.floats(norm, OnnxInitializersTest.raw(1), 1),
                OnnxInitializersTest.floats("onnx::MatMul_7", OnnxInitializersTest.raw(1), 1, 1));
        String node = "/" + linear.replace('.', '/').replaceAll("(layer|layers|block)/(\\d)", "$1.$2") + "/MatMul";
        OnnxInitializers onnx = OnnxInitializersTest.read(model.toBuilder()
                .setGraph(model.getGraph().toBuilder()
                        .addNode(Onnx.NodeProto.newBuilder()
                                .setOpType("MatMul")
                                .setName(node)
                                .addInput("x")
                                .addInput("onnx::MatMul_7")))
                .build());

        for (Callable<EncoderWeights> read : List.<Callable<EncoderWeights>>of(
                () -> EncoderWeights.fromOnnx(onnx), () -> EncoderWeights.fromOnnx(onnx, 4))) {
            assertThatExceptionOfType(ModelFormatException.class)
                    .isThrownBy(read::call)
                    .withMessage("test.onnx: its tensors have the names of the family \"" + family
                            + "\", which is not read from ONNX; expected an export of a BERT encoder. Load the directory"
                            + " that it was exported from, with config.json, model.safetensors and tokenizer.json:"
                            + " TextEncoder.load(directory).");
        }
    }

    @Test
    void fromOnnx_withHeadsThatDoNotDivide_isRefused() throws IOException {
        OnnxInitializers onnx = export("", name -> true);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.fromOnnx(onnx, 3))
                .withMessageContaining("heads = 3, expected a divisor of hidden = 8");
    }

    @Test
    void fromOnnx_withOtherHeadsThanTheGraphHas_saysHowMany() throws IOException {
        Onnx.GraphProto.Builder attention = Onnx.GraphProto.newBuilder()
                .addNode(constant("heads", 4))
                .addNode(constant("size", 2))
                .addNode(node("Concat", "shape", "batch", "length", "heads", "size"))
                .addNode(node("Reshape", "split", "query", "shape"))
                .addInitializer(Onnx.TensorProto.newBuilder()
                        .setName("folded")
                        .setDataType(Onnx.TensorProto.DataType.INT64_VALUE)
                        .addDims(4)
                        .addAllInt64Data(List.of(0L, -1L, 4L, 2L)))
                .addNode(node("Reshape", "split_too", "key", "folded"));
        OnnxInitializers onnx = export("", name -> true, attention.build());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderWeights.fromOnnx(onnx, 2))
                .withMessage(
                        "EncoderWeights.fromOnnx: heads = 2 for test.onnx; expected 4, as its graph splits 8 features"
                                + " into 4 heads of 2.");
        assertThat(EncoderWeights.fromOnnx(onnx, 4).config().heads()).isEqualTo(4);
    }

    private static Onnx.NodeProto constant(String output, long value) {
        return Onnx.NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput(output)
                .addAttribute(Onnx.AttributeProto.newBuilder()
                        .setName("value")
                        .setT(Onnx.TensorProto.newBuilder()
                                .setDataType(Onnx.TensorProto.DataType.INT64_VALUE)
                                .addDims(1)
                                .addInt64Data(value)))
                .build();
    }

    private static Onnx.NodeProto node(String op, String output, String... inputs) {
        return Onnx.NodeProto.newBuilder()
                .setOpType(op)
                .addOutput(output)
                .addAllInput(List.of(inputs))
                .build();
    }

    private OnnxInitializers export(String prefix, Predicate<String> kept) throws IOException {
        return export(prefix, kept, Onnx.GraphProto.getDefaultInstance());
    }

    /** What PyTorch's exporter writes: linear weights without a name of their own behind named MatMul nodes. */
    private OnnxInitializers export(String prefix, Predicate<String> kept, Onnx.GraphProto more) throws IOException {
        List<Onnx.TensorProto> tensors = new ArrayList<>();
        List<Onnx.NodeProto> nodes = new ArrayList<>();
        for (EncoderTensor tensor : CONFIG.shape().tensors()) {
            if (!kept.test(tensor.name())) {
                continue;
            }
            String name = prefix + tensor.name();
            if (tensor.kind() == EncoderTensor.Kind.LINEAR) {
                String path =
                        "/" + name.replace(".weight", "").replace('.', '/').replaceAll("layer/(\\d)", "layer.$1");
                name = "onnx::MatMul_" + nodes.size();
                nodes.add(Onnx.NodeProto.newBuilder()
                        .setOpType("MatMul")
                        .setName(path + "/MatMul")
                        .addInput("x")
                        .addInput(name)
                        .build());
            }
            float[] values = weights.tensor(tensor.name()).ravel().toFloatVector();
            tensors.add(OnnxInitializersTest.floats(name, OnnxInitializersTest.raw(values), tensor.shape()));
        }
        Onnx.ModelProto model = OnnxInitializersTest.model(tensors.toArray(new Onnx.TensorProto[0]));
        return OnnxInitializersTest.read(model.toBuilder()
                .setGraph(model.getGraph().toBuilder().addAllNode(nodes).mergeFrom(more))
                .build());
    }
}
