/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import com.oracle.labs.mlrg.olcut.config.Config;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.FieldType;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.OftConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.input.TokenInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.Dataset;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.impl.ArrayExample;
import org.tribuo.test.Helpers;

class LoraSpecTest {

    static Stream<BaseNetwork> bases() {
        return Stream.of(
                BaseNetwork.of(Bases.mlp(4, 3, 1)),
                BaseNetwork.of(Bases.graph(4, 3, 1)),
                BaseNetwork.of(Bases.sameDiff(4, 1), "features"));
    }

    private static LoraTrainer<Label> trainer(BaseNetwork base, LoraSpec spec) {
        return LoraTrainer.builder(base, new LabelConverter())
                .inputs(new DenseInputConverter(Bases.FEATURES))
                .spec(spec)
                .learningRate(0.03)
                .epochs(30)
                .batchSize(4)
                .build();
    }

    @ParameterizedTest
    @MethodSource("bases")
    void anotherMethod_isGivenAsPeftsJson_andLearns(BaseNetwork base) {
        AdapterConfig config = OftConfig.builder()
                .blockSize(2)
                .targetModules(ModuleSelector.allLinear())
                .build();
        LoraSpec spec = LoraSpec.of(config);
        Dataset<Label> data = Data.corners(6, 1, "a", "b", "c");

        LoraModel<Label> model = trainer(base, spec).train(data);

        assertThat(spec.config()).isEqualTo(config);
        assertThat(spec.getProvenance().toString()).contains("OFT");
        assertThat(model.adapter().config().peftType()).isEqualTo("OFT");
        assertThat(new LabelEvaluator().evaluate(model, data).accuracy()).isGreaterThan(0.8);
    }

    @ParameterizedTest
    @MethodSource("bases")
    void startThatMovesTheBase_givesAPlainAdapterOfTwiceTheRank_andLeavesTheSharedBaseAlone(BaseNetwork base) {
        Dataset<Label> data = Data.corners(6, 1, "a", "b", "c");
        LoraModel<Label> before = trainer(base, new LoraSpec(2, 4)).train(data);

        LoraModel<Label> model = trainer(
                        base,
                        LoraSpec.of(LoraConfig.builder()
                                .rank(2)
                                .alpha(4)
                                .targetModules(ModuleSelector.allLinear())
                                .initialization(Initialization.PISSA)
                                .build()))
                .train(data);

        assertThat(model.adapter().loraConfig().rank()).isEqualTo(4);
        assertThat(model.adapter().config().initialization().movesBase()).isFalse();
        assertThat(new LabelEvaluator().evaluate(model, data).accuracy()).isGreaterThan(0.9);
        Helpers.testModelProtoSerialization(model, Label.class, data);
        assertThat(trainer(base, new LoraSpec(2, 4)).train(data).adapter()).isEqualTo(before.adapter());
    }

    /** What a trainer decides itself, or what says no more than where an adapter comes from; {@code of} refuses these. */
    private static final List<String> NOT_FOR_TRAINERS =
            List.of("baseModelName", "taskType", "fanInFanOut", "layerReplication", "kasa");

    @Test
    void everyField_ofTheTableOfLoraConfig_isAPropertyOrKnownToBeNone() {
        List<String> known = new ArrayList<>(NOT_FOR_TRAINERS);
        LoraSpec.PROPERTIES.forEach(property -> known.add(property.name()));

        assertThat(LoraConfig.builder().fields())
                .extracting(FieldType.Field::name)
                .containsExactlyInAnyOrderElementsOf(known);
    }

    @Test
    void everyProperty_isReadByOlcutAndHasTheDefaultOfTheTable() {
        List<String> configured = Stream.of(LoraSpec.class.getDeclaredFields())
                .filter(field -> field.isAnnotationPresent(Config.class))
                .map(Field::getName)
                .toList();

        assertThat(configured).hasSize(LoraSpec.PROPERTIES.size() + 2).contains("targetPattern", "peftConfig");
        assertThat(new LoraSpec(8, 8).config())
                .isEqualTo(LoraConfig.builder()
                        .targetModules(ModuleSelector.allLinear())
                        .build());
    }

    @Test
    void trainableTokens_learnInATextEncoder() {
        BaseNetwork encoder = BaseNetwork.of(
                EncoderWeights.random(EncoderConfig.bert(1, 8, 2, 16, 29, 8, 2), 3, DataType.FLOAT), Pooling.MEAN);
        LoraSpec spec = LoraSpec.of(LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.allLinear())
                .trainableTokens(TrainableTokens.ofInputEmbedding(3, 7))
                .build());
        MutableDataset<Label> texts = Data.of();
        texts.add(tokens("a", 3, 4));
        texts.add(tokens("b", 7, 8));

        LoraModel<Label> model = LoraTrainer.builder(encoder, new LabelConverter())
                .inputs(new TokenInputConverter(5))
                .spec(spec)
                .epochs(2)
                .build()
                .train(texts);

        assertThat(model.adapter().config().trainableTokens().ofInputEmbedding())
                .containsExactly(3, 7);
        assertThat(model.adapter().modules()).containsKey("embeddings.word_embeddings");
        Helpers.testModelProtoSerialization(model, Label.class, texts);
    }

    @Test
    void optionsWithoutAProperty_areKeptAsPeftsJson() {
        LoraConfig config = LoraConfig.builder()
                .targetModules(ModuleSelector.allLinear())
                .trainableTokens(TrainableTokens.of(Map.of("word_embeddings", List.of(3))))
                .build();

        LoraSpec spec = LoraSpec.of(config);

        assertThat(spec.config()).isEqualTo(config);
        assertThat(spec.getProvenance().toString()).contains("word_embeddings");
    }

    @Test
    void ownHeadOfAGraph_isReusedAndFrozen() {
        Dataset<Label> data = Data.corners(6, 1, "a", "b", "c", "d", "e", "f");
        LoraModel<Label> model =
                trainer(BaseNetwork.of(Bases.sameDiff(4, 1), "features"), new LoraSpec(2, 4)).toBuilder()
                        .reuseHead(List.of("f", "c", "a", "b", "d", "e"))
                        .build()
                        .train(data);

        assertThat(model.adapter().savedParameters()).isEmpty();
        // Its outputs lie between -1 and 1, so that it cannot be sure; by chance it would be right one time in six.
        assertThat(new LabelEvaluator().evaluate(model, data).accuracy()).isGreaterThan(0.5);
        Helpers.testModelProtoSerialization(model, Label.class, data);
    }

    private static ArrayExample<Label> tokens(String label, int... ids) {
        ArrayExample<Label> example = new ArrayExample<>(new Label(label));
        for (int i = 0; i < ids.length; i++) {
            example.add(TokenInputConverter.featureName(TokenInputConverter.DEFAULT_PREFIX, i), ids[i] + 1);
        }
        return example;
    }
}
