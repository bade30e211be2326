/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.output.MultiLabelConverter;
import org.lora4j.tribuo.output.RegressorConverter;
import org.tribuo.Dataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.example.LabelledDataGenerator;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluator;
import org.tribuo.multilabel.example.MultiLabelDataGenerator;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.evaluation.RegressionEvaluator;
import org.tribuo.regression.example.RegressionDataGenerator;
import org.tribuo.test.Helpers;

/** The first lines of a user, for each type of output, on Tribuo's own data. */
class FirstLinesTest {

    private final BaseNetwork base = BaseNetwork.of(Bases.mlp(4, 3, 1));
    private final DenseInputConverter inputs = new DenseInputConverter(Bases.FEATURES);

    @Test
    void classification_onTribuosData_separatesTheClasses() {
        Pair<Dataset<Label>, Dataset<Label>> data = LabelledDataGenerator.denseTrainTest();
        LoraTrainer<Label> trainer = LoraTrainer.builder(base, new LabelConverter())
                .inputs(inputs)
                .spec(new LoraSpec(4, 8))
                .learningRate(0.02)
                .batchSize(4)
                .epochs(30)
                .build();

        LoraModel<Label> model = trainer.train(data.getA());

        assertThat(new LabelEvaluator().evaluate(model, data.getA()).accuracy()).isEqualTo(1);
        Helpers.testModelProtoSerialization(model, Label.class, data.getB());
        Helpers.testModelSerialization(model, Label.class);
    }

    @Test
    void regression_ofThreeDimensions_fitsEachInItsOwnUnit() {
        Pair<Dataset<Regressor>, Dataset<Regressor>> data = RegressionDataGenerator.threeDimDenseTrainTest(1.0, false);
        LoraTrainer<Regressor> trainer = LoraTrainer.builder(base, new RegressorConverter())
                .inputs(inputs)
                .spec(new LoraSpec(4, 8))
                .learningRate(0.02)
                .batchSize(4)
                .epochs(100)
                .build();

        LoraModel<Regressor> model = trainer.train(data.getA());

        assertThat(new RegressionEvaluator().evaluate(model, data.getA()).r2().values())
                .allSatisfy(r2 -> assertThat(r2).isGreaterThan(0.9));
        Helpers.testModelProtoSerialization(model, Regressor.class, data.getB());
    }

    @Test
    void multiLabel_onTribuosData_findsAllLabels() {
        Dataset<MultiLabel> data = MultiLabelDataGenerator.generateTrainData();
        LoraTrainer<MultiLabel> trainer = LoraTrainer.builder(
                        BaseNetwork.of(Bases.mlp(3, 3, 1)), new MultiLabelConverter())
                .inputs(new DenseInputConverter(List.of("A-MONKEY", "B-PUZZLE", "C-TREE")))
                .spec(new LoraSpec(4, 8))
                .learningRate(0.02)
                .batchSize(4)
                .epochs(60)
                .build();

        LoraModel<MultiLabel> model = trainer.train(data);

        assertThat(new MultiLabelEvaluator().evaluate(model, data).microAveragedF1())
                .isEqualTo(1);
        Helpers.testModelProtoSerialization(model, MultiLabel.class, data);
    }
}
