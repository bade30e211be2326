/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.DoubleSupplier;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.conformance.LabelTrainerConformance;
import org.lora4j.tribuo.conformance.MultiLabelTask;
import org.lora4j.tribuo.conformance.RegressionTask;
import org.lora4j.tribuo.conformance.Task;
import org.lora4j.tribuo.conformance.TrainerConformance;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.output.MultiLabelConverter;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.tribuo.output.RegressorConverter;
import org.nd4j.linalg.factory.Nd4j;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.regression.Regressor;

/** What every Tribuo trainer owes its callers, asked of ours, for each type of output. */
class LoraConformanceTest {

    @TempDir
    static Path folder;

    /** From a file, as a trainer that is rebuilt from provenance reads it again. */
    private static BaseNetwork base;

    @BeforeAll
    static void writeBase() throws IOException {
        Path file = folder.resolve("base.zip");
        ModelSerializer.writeModel(Bases.mlp(Task.FEATURE_NAMES.size(), 3, 1), file.toFile(), false);
        base = new BaseNetwork(file);
    }

    private static <T extends Output<T>> Trainer<T> trainer(OutputConverter<T> outputs, int epochs, long seed) {
        return LoraTrainer.builder(base, outputs)
                .inputs(new DenseInputConverter(Task.FEATURE_NAMES))
                .spec(new LoraSpec(4, 8))
                .learningRate(0.05)
                .batchSize(16)
                .epochs(epochs)
                .seed(seed)
                .build();
    }

    private static DoubleSupplier ofNd4j(long seed) {
        Nd4j.getRandom().setSeed(seed);
        return () -> Nd4j.getRandom().nextDouble();
    }

    @Nested
    class OfLabels extends LabelTrainerConformance {

        @Override
        public Trainer<Label> trainer(long seed) {
            return LoraConformanceTest.trainer(new LabelConverter(), 15, seed);
        }

        @Override
        public boolean learnsZeroValues() {
            return false;
        }

        @Override
        public DoubleSupplier sharedRandomNumbers(long seed) {
            return LoraConformanceTest.ofNd4j(seed);
        }
    }

    /** Numbers go the way of labels but for their converter and their loss, which have tests of their own. */
    @Tag("thorough")
    @Nested
    class OfRegressors extends TrainerConformance<Regressor> {

        @Override
        public Task<Regressor> task() {
            return new RegressionTask();
        }

        @Override
        public Trainer<Regressor> trainer(long seed) {
            return LoraConformanceTest.trainer(new RegressorConverter(), 25, seed);
        }

        @Override
        public boolean learnsZeroValues() {
            return false;
        }

        @Override
        public DoubleSupplier sharedRandomNumbers(long seed) {
            return LoraConformanceTest.ofNd4j(seed);
        }
    }

    /** The same holds for multi-labels. */
    @Tag("thorough")
    @Nested
    class OfMultiLabels extends TrainerConformance<MultiLabel> {

        @Override
        public Task<MultiLabel> task() {
            return new MultiLabelTask();
        }

        @Override
        public Trainer<MultiLabel> trainer(long seed) {
            return LoraConformanceTest.trainer(new MultiLabelConverter(), 20, seed);
        }

        @Override
        public boolean learnsZeroValues() {
            return false;
        }

        @Override
        public DoubleSupplier sharedRandomNumbers(long seed) {
            return LoraConformanceTest.ofNd4j(seed);
        }
    }
}
