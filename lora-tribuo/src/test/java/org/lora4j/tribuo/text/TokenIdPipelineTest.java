/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.MutableDataset;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.data.text.impl.TextFeatureExtractorImpl;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.test.Helpers;

class TokenIdPipelineTest {

    /** Ids of letters between two special tokens. */
    private static final TextTokenizer LETTERS = new TextTokenizer() {

        @Override
        public int[] encode(String text) {
            int[] ids = new int[Math.min(text.length() + 2, maxLength())];
            ids[0] = 1;
            for (int i = 1; i < ids.length - 1; i++) {
                ids[i] = text.charAt(i - 1) - 'a' + 3;
            }
            ids[ids.length - 1] = 2;
            return ids;
        }

        @Override
        public int maxLength() {
            return 8;
        }
    };

    private static final TokenIdPipeline PIPELINE = new TokenIdPipeline(LETTERS);
    private static final TextFeatureExtractorImpl<Label> EXTRACTOR = new TextFeatureExtractorImpl<>(PIPELINE);
    private static final BaseNetwork BASE = BaseNetwork.of(
            EncoderWeights.random(EncoderConfig.bert(2, 8, 2, 16, 29, 8, 2), 3, DataType.FLOAT), Pooling.MEAN);

    private static LoraTrainer<Label> trainer() {
        return LoraTrainer.builder(BASE, new LabelConverter())
                .inputs(PIPELINE.inputConverter())
                .spec(new LoraSpec(4, 8))
                .learningRate(0.02)
                .batchSize(4)
                .epochs(25)
                .build();
    }

    private static LoraModel<Label> model;

    @BeforeAll
    static void train() {
        model = trainer().train(data());
    }

    private static MutableDataset<Label> data() {
        MutableDataset<Label> data =
                new MutableDataset<>(new SimpleDataSourceProvenance("letters", new LabelFactory()), new LabelFactory());
        Stream.of("aba", "bab", "abba", "aa", "bb", "baba")
                .forEach(text -> data.add(EXTRACTOR.extract(new Label("ab"), text)));
        Stream.of("xyx", "yxy", "xyyx", "xx", "yy", "yxyx")
                .forEach(text -> data.add(EXTRACTOR.extract(new Label("xy"), text)));
        return data;
    }

    @Test
    void process_givesIdsPlusOneByPosition() {
        List<Feature> features = PIPELINE.process("", "ac");

        assertThat(features)
                .extracting(Feature::getName)
                .containsExactly("token-00000", "token-00001", "token-00002", "token-00003");
        assertThat(features).extracting(Feature::getValue).containsExactly(2.0, 4.0, 6.0, 3.0);
    }

    @Test
    void process_withATag_putsItInFront() {
        assertThat(PIPELINE.process("title", "").get(0).getName()).isEqualTo("title-token-00000");
    }

    @Test
    void train_onTexts_learnsThem() {
        MutableDataset<Label> data = data();

        assertThat(model.predict(data))
                .allSatisfy(prediction -> assertThat(prediction.getOutput().getLabel())
                        .isEqualTo(prediction.getExample().getOutput().getLabel()));
        Helpers.testModelProtoSerialization(model, Label.class, data);
    }

    @Test
    void predict_ofALongerTextThanTheDataShowed_seesItsEnd() {

        Prediction<Label> cut = model.predict(EXTRACTOR.extract(new Label("ab"), "aaaa"));
        Prediction<Label> longer = model.predict(EXTRACTOR.extract(new Label("ab"), "aaaaxx"));

        assertThat(longer.getNumActiveFeatures()).isEqualTo(8);
        assertThat(longer.getOutput().getScore()).isNotEqualTo(cut.getOutput().getScore());
    }

    @Test
    void predict_ofScaledIds_saysWhatIsWrong() {
        Example<Label> scaled = new ArrayExample<>(new Label("ab"), new String[] {"token-00000"}, new double[] {0.5});

        assertThatThrownBy(() -> model.predict(scaled))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the value at position 0 is 0.5; expected id + 1, a whole number from 1 to 29");
    }

    @Test
    void predict_ofAnIdBeyondTheVocabulary_saysWhatIsWrong() {
        Example<Label> unknown = new ArrayExample<>(new Label("ab"), new String[] {"token-00000"}, new double[] {30});

        assertThatThrownBy(() -> model.predict(unknown))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is 30.0; expected id + 1, a whole number from 1 to 29");
    }

    @Test
    void predict_ofTextsTogetherAndAlone_agrees() {
        MutableDataset<Label> data = data();

        List<Prediction<Label>> together = model.predict(data);

        for (Prediction<Label> prediction : together) {
            Prediction<Label> alone = model.predict(prediction.getExample());
            assertThat(alone.distributionEquals(prediction, 1e-5)).isTrue();
        }
    }
}
