/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.NotAdaptable;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.factory.Nd4j;

class GraphModulesTest {

    private final SameDiff sd = SameDiff.create();
    private final SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);

    private SDVariable weight(String name, long... shape) {
        return sd.var(name, Nd4j.ones(DataType.FLOAT, shape));
    }

    private String refusal(String subject) {
        return GraphModules.find(sd).notAdaptable().stream()
                .filter(entry -> entry.subject().equals(subject))
                .map(NotAdaptable::reason)
                .findFirst()
                .orElse(null);
    }

    @Test
    void find_makesPathsFromNamesOfWeights() {
        x.mmul(weight("enc/layer_0/dense/kernel", 4, 4))
                .mmul(weight("enc.query.weight", 4, 4))
                .mmul(weight("out_w", 4, 4))
                .mmul(weight("plain", 4, 4))
                .mmul(weight("tf/kernel:0", 4, 4));

        assertThat(GraphModules.find(sd).paths())
                .containsExactly("enc.layer_0.dense", "enc.query", "out", "plain", "tf");
    }

    @Test
    void find_whenTwoWeightsWouldHaveOnePath_givesTheSecondItsWholeName() {
        x.mmul(weight("a.weight", 4, 4)).mmul(weight("a.kernel", 4, 4));

        assertThat(GraphModules.find(sd).paths()).containsExactlyInAnyOrder("a", "a.weight");
    }

    @Test
    void find_tellsShapeWeightBiasAndUses() {
        SDVariable w = weight("m.weight", 4, 3);
        sd.nn().linear("first", x, w, weight("m.bias", 3));
        sd.nn().linear("second", x, w, weight("other.bias", 3));

        GraphModule module = GraphModules.find(sd).get("m");

        assertThat(module.shape()).isEqualTo(ModuleShape.linear(4, 3));
        assertThat(module.weight()).isEqualTo("m.weight");
        assertThat(module.bias()).isEqualTo("m.bias");
        assertThat(module.uses()).hasSize(2);
    }

    @Test
    void find_findsTheBiasThatIsAddedBehindAProduct() {
        x.mmul(weight("m.weight", 4, 3)).add(weight("b", 3));

        assertThat(GraphModules.find(sd).get("m").bias()).isEqualTo("b");
    }

    @Test
    void find_aWeightReadInTwoWays_isTwoModulesWithTheTableFirst() {
        SDVariable table = weight("tokens.weight", 6, 4);
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1);
        SDVariable rows = sd.gather(table, ids, 0);
        sd.mmul("logits", rows, table, false, true, false);

        GraphModules found = GraphModules.find(sd);

        assertThat(found.get("tokens").shape()).isEqualTo(ModuleShape.embedding(6, 4));
        assertThat(found.modules()).hasSize(2).anySatisfy(module -> {
            assertThat(module.path()).startsWith("tokens.matmul");
            assertThat(module.shape()).isEqualTo(ModuleShape.linear(4, 6));
        });
    }

    @Test
    void find_seesAWeightThroughIdentity() {
        x.mmul(sd.identity("read", weight("m.weight", 4, 3)));

        assertThat(GraphModules.find(sd).get("m").weight()).isEqualTo("m.weight");
    }

    @Test
    void find_attentionWithUnnamedWeights_namesItsProjectionsByTheirRole() {
        SDVariable q = sd.placeHolder("q", DataType.FLOAT, -1, 5, 3);
        SDVariable in = sd.var(Nd4j.ones(DataType.FLOAT, 2, 3, 5));
        SDVariable out = sd.var(Nd4j.ones(DataType.FLOAT, 6, 4));
        sd.nn().multiHeadDotProductAttention("attended", q, q, q, in, in, in, out, null, true);

        assertThat(GraphModules.find(sd).paths())
                .hasSize(2)
                .anyMatch(path -> path.endsWith(".q_proj"))
                .anyMatch(path -> path.endsWith(".out_proj"));
    }

    @Test
    void find_ofAnEmptyGraph_isEmpty() {
        GraphModules found = GraphModules.find(SameDiff.create());

        assertThat(found.modules()).isEmpty();
        assertThat(found.toString()).isEmpty();
    }

    @Test
    void find_withNames_usesThemForWeightsOpsAndOutputs() {
        SDVariable first = x.mmul("first", weight("w1", 4, 4));
        String op = sd.getVariables()
                .get(first.mmul("second", weight("w2", 4, 4)).name())
                .getOutputOfOp();

        GraphModules found = GraphModules.find(sd, Map.of("w1", "encoder.query", op, "encoder.value"));

        assertThat(found.paths()).containsExactly("encoder.query", "encoder.value");
    }

    @Test
    void find_withWrongNames_listsEveryProblem() {
        x.mmul(weight("w1", 4, 4)).mmul(weight("w2", 4, 4));

        assertThatThrownBy(() -> GraphModules.find(sd, Map.of("w3", "a", "w1", "b", "w2", "b")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("\"w3\" is neither a variable nor an op; closest: \"w1\", \"w2\"")
                .hasMessageContaining("both given the path \"b\"");
    }

    @Test
    void find_withANameOfNoModule_saysSo() {
        x.mmul(weight("w1", 4, 4)).add(weight("b", 4));

        assertThatThrownBy(() -> GraphModules.find(sd, Map.of("b", "encoder")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"b\" name no adaptable module");
    }

    @Test
    void find_productOfActivations_isNoModule() {
        SDVariable y = sd.placeHolder("z", DataType.FLOAT, 4, -1);
        x.mmul(y);

        GraphModules found = GraphModules.find(sd);

        assertThat(found.modules()).isEmpty();
        assertThat(found.notAdaptable()).isEmpty();
    }

    @Test
    void find_refusesATransposedResult() {
        sd.mmul("y", x, weight("w", 4, 3), false, false, true);

        assertThat(refusal("w")).contains("transposes its result");
    }

    @Test
    void find_refusesAWeightThatIsComputed() {
        x.mmul(weight("w", 3, 4).permute(1, 0));

        assertThat(GraphModules.find(sd).notAdaptable())
                .anySatisfy(entry -> assertThat(entry.reason()).contains("computed by an op of kind \"permute\""));
    }

    @Test
    void find_refusesAWeightOfIntegers() {
        sd.gather(sd.constant("codes", Nd4j.ones(DataType.INT32, 3, 4)), sd.placeHolder("ids", DataType.INT32, -1), 0);

        assertThat(refusal("codes")).contains("data type is INT");
    }

    @Test
    void find_refusesAProductOfParameters() {
        weight("a", 2, 4).mmul(weight("b", 4, 3));

        assertThat(refusal("b")).contains("combines parameters only");
    }

    @Test
    void find_refusesALookupAlongColumns() {
        sd.gather(weight("table", 4, 6), sd.placeHolder("ids", DataType.INT32, -1), 1);

        assertThat(refusal("table")).contains("along axis 1").contains("expected axis 0");
    }

    @Test
    void find_refusesAConvolutionWithOutputChannelsFirst() {
        SDVariable image = sd.placeHolder("image", DataType.FLOAT, -1, 2, 5, 5);
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(3)
                .kW(3)
                .weightsFormat(WeightsFormat.OIYX)
                .build();
        sd.cnn().conv2d(image, weight("kernel", 4, 2, 3, 3), config);

        assertThat(refusal("kernel")).contains("output channels first");
    }

    @Test
    void find_refusesATransposedConvolution() {
        SDVariable image = sd.placeHolder("image", DataType.FLOAT, -1, 2, 5, 5);
        sd.cnn()
                .deconv2d(
                        image,
                        weight("kernel", 3, 3, 4, 2),
                        DeConv2DConfig.builder().kH(3).kW(3).sH(1).sW(1).build());

        assertThat(refusal("kernel")).contains("transposed convolutions are not supported");
    }

    @Test
    void find_listsMatricesThatOtherOpsRead() {
        x.add(weight("position_embeddings", 2, 4));

        assertThat(refusal("position_embeddings"))
                .contains("op of kind \"add\"")
                .contains("modulesToSave");
    }

    @Test
    void find_inAnAdaptedGraph_refusesItsFactors() {
        x.mmul(weight("m.lora_A.default", 4, 2)).mmul(weight("m.lora_B.default", 2, 4));

        GraphModules found = GraphModules.find(sd);

        assertThat(found.modules()).isEmpty();
        assertThat(refusal("m.lora_A.default")).contains("low-rank factor");
    }

    @Test
    void heads_ofAClassifier_areItsLastLinearModule() {
        SDVariable hidden = sd.nn().relu(x.mmul(weight("fc1", 4, 4)), 0);
        SDVariable logits = hidden.mmul(weight("fc2", 4, 3)).add(weight("bias", 3));
        sd.loss.softmaxCrossEntropy("loss", sd.placeHolder("labels", DataType.FLOAT, -1, 3), logits, null);

        assertThat(GraphModules.find(sd).heads()).containsExactly("fc2");
    }

    @Test
    void heads_ofAnEncoderWithoutClassifier_areNone() {
        SDVariable hidden = x.mmul(weight("in", 4, 4));
        SDVariable sum = hidden.mmul(weight("out", 4, 4)).add(hidden);
        sd.nn().layerNorm("y", sum, weight("gain", 4), false, 1);

        assertThat(GraphModules.find(sd).heads()).isEmpty();
    }

    @Test
    void heads_ofANetworkWithTwoTasks_areBoth() {
        SDVariable hidden = sd.nn().relu(x.mmul(weight("body", 4, 4)), 0);
        SDVariable first = hidden.mmul(weight("one", 4, 3)).mean();
        SDVariable second = hidden.mmul(weight("two", 4, 2)).mean();
        first.add("loss", second);

        assertThat(GraphModules.find(sd).heads()).containsExactlyInAnyOrder("one", "two");
    }

    @Test
    void heads_throughADecomposedSoftmax_areSeen() {
        SDVariable logits = x.mmul(weight("body", 4, 4)).mmul(weight("head", 4, 3));
        SDVariable exp = sd.math().exp(logits);
        exp.div("y", exp.sum(true, 1));

        assertThat(GraphModules.find(sd).heads()).containsExactly("head");
    }

    private static final EncoderConfig TINY = EncoderConfig.bert(2, 8, 2, 12, 10, 6, 2);

    @Test
    void find_inAnEncoder_givesThePathsOfHuggingFace() {
        GraphModules found =
                GraphModules.find(EncoderGraph.create(EncoderWeights.random(TINY, 1, DataType.FLOAT), Pooling.MEAN)
                        .graph());

        assertThat(found.paths())
                .contains(
                        "embeddings.word_embeddings",
                        "encoder.layer.0.attention.self.query",
                        "encoder.layer.0.attention.self.key",
                        "encoder.layer.0.attention.self.value",
                        "encoder.layer.0.attention.output.dense",
                        "encoder.layer.1.intermediate.dense",
                        "encoder.layer.1.output.dense");
        assertThat(found.heads()).isEmpty();
    }

    @Test
    void heads_ofAClassifierOnAnEncoder_areItsClassifier() {
        GraphModules found = GraphModules.find(
                EncoderClassifier.create(EncoderWeights.random(TINY, 1, DataType.FLOAT), Pooling.MEAN, 3, 1)
                        .graph());

        assertThat(found.heads()).containsExactly("classifier");
    }

    // What the ONNX importer of M2.1 leaves behind: it replaces a Conv by eight ops, and the variables that the Conv
    // read go on
    // naming it as their reader.
    @Test
    void find_whenVariablesNameReadersThatWereReplaced_listsTheModulesAll() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable weight = graph.constant("fc.weight", Nd4j.ones(DataType.FLOAT, 4, 4));
        SDVariable scale = graph.constant("scale", Nd4j.ones(DataType.FLOAT, 4, 4));
        x.mmul("hidden", weight).mmul("y", graph.math().tanh(scale)).sum().rename("loss");
        graph.setLossVariables("loss");
        GraphModules before = GraphModules.find(graph);
        for (String name : List.of("x", "fc.weight", "scale", "hidden")) {
            List<String> readers =
                    new ArrayList<>(graph.getVariables().get(name).getInputsForOp());
            readers.add(0, "n0_Conv");
            readers.add(graph.getVariables().get("loss").getOutputOfOp());
            graph.getVariables().get(name).setInputsForOp(readers);
        }
        graph.getVariables().get("scale").setOutputOfOp("n1_Constant");

        assertThat(GraphModules.find(graph)).isEqualTo(before);
        assertThat(before.paths()).containsExactly("fc");
        assertThat(before.notAdaptable()).extracting(NotAdaptable::subject).contains("scale");
        AdaptedSameDiff model = DefaultAdapter.fresh(
                AdaptedSameDiff.of(graph),
                LoraConfig.builder().rank(2).targetModules("fc").build(),
                1);
        Trainer.builder(model)
                .plan(TrainingPlan.builder().epochs(1).build())
                .build()
                .train(Batches.inOrder(List.of(Batch.of(Map.of("x", Nd4j.ones(DataType.FLOAT, 2, 4)), 2))));
        assertThat(model.output(Map.of("x", Nd4j.ones(DataType.FLOAT, 2, 4)), "loss"))
                .containsKey("loss");
    }
}
