/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Sequences that share rows learn as if each were alone, whatever the model looks back at. */
class PackedGradientsTest {

    private static final Path MODELS = Path.of("src/test/resources/language/models");

    private static TokenRow row(Random random, int length, int vocabulary) {
        int[] ids = random.ints(length, 0, vocabulary).toArray();
        int[] labels = ids.clone();
        // Also a prompt that is only read.
        Arrays.fill(labels, 0, random.nextInt(length - 1), DecoderInputs.IGNORED);
        return new TokenRow(ids, labels, "");
    }

    private static List<Batch> batches(DecoderWeights weights, DataType type, List<List<TokenRow>> rows, int budget) {
        List<Batch> batches = new ArrayList<>();
        Iterator<Batch> epoch = new TokenBatches(weights.config(), type, rows, budget).epoch(1, 7);
        epoch.forEachRemaining(batches::add);
        return batches;
    }

    @ParameterizedTest
    @CsvSource({
        "llama-gqa, DOUBLE, 1e-9",
        "llama-gqa, FLOAT, 1e-5",
        "gemma2-basic, DOUBLE, 1e-9",
        "gemma2-basic, FLOAT, 1e-5",
        "gpt2-basic, DOUBLE, 1e-9",
        "gpt2-basic, FLOAT, 1e-5"
    })
    void packedRows_giveLossAndGradientsOfTheirSequencesOneByOne(String name, DataType type, double tolerance)
            throws IOException {
        DecoderWeights weights = DecoderWeights.read(MODELS.resolve(name), WeightStorage.AS_STORED);
        Random random = new Random(3);
        List<TokenRow> sequences = new ArrayList<>();
        for (int length : new int[] {14, 3, 9, 2, 11, 5, 17}) {
            sequences.add(row(random, length, weights.config().vocabulary()));
        }
        GraphExecutor executor =
                SameDiffExecutor.forTraining(DecoderGraph.of(weights, type), List.copyOf(weights.names()));
        double all = sequences.stream().mapToInt(TokenRow::targets).sum();

        List<Batch> packed = batches(weights, type, SequencePacking.packed(sequences, 32), 1000);
        LossAndGradients together = executor.gradients(packed.get(0).placeholders(), 1);

        assertThat(packed).hasSize(1);
        assertThat(packed.get(0).weight()).isEqualTo(all);
        assertThat(packed.get(0).placeholders().get(DecoderInputs.INPUT_IDS).size(0))
                .isLessThan(sequences.size());
        double loss = 0;
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (TokenRow sequence : sequences) {
            Batch alone = batches(weights, type, List.of(List.of(sequence)), 1).get(0);
            LossAndGradients one = executor.gradients(alone.placeholders(), 1);
            double share = sequence.targets() / all;
            loss += share * one.loss();
            one.gradients()
                    .forEach((parameter, gradient) -> gradients.merge(parameter, gradient.mul(share), INDArray::addi));
        }
        assertThat(together.loss()).isCloseTo(loss, within(tolerance));
        assertThat(together.gradients().keySet()).isEqualTo(gradients.keySet());
        gradients.forEach((parameter, gradient) -> assertThat(together.gradients()
                        .get(parameter)
                        .sub(gradient)
                        .amaxNumber()
                        .doubleValue())
                .as(parameter)
                .isLessThan(tolerance));
    }

    @Test
    void packed_fillsRowsBest() {
        List<TokenRow> sequences = new ArrayList<>();
        for (int length : new int[] {3, 6, 4, 8, 2, 7, 12}) {
            sequences.add(new TokenRow(new int[length], new int[length], ""));
        }

        List<List<TokenRow>> rows = SequencePacking.packed(sequences, 10);

        // 12 is longer than a row; 8 + 2, 7 + 3 and 6 + 4 leave nothing over.
        assertThat(rows.stream().map(row -> row.stream().map(TokenRow::length).toList()))
                .containsExactly(List.of(12), List.of(8, 2), List.of(7, 3), List.of(6, 4));
    }

    @Test
    void epochs_drawOtherBatches_ofEqualNumberWithinTheBudget() throws IOException {
        DecoderWeights weights = DecoderWeights.read(MODELS.resolve("llama-gqa"), WeightStorage.AS_STORED);
        Random random = new Random(4);
        List<TokenRow> sequences = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            sequences.add(row(random, 2 + random.nextInt(30), 100));
        }
        TokenBatches batches =
                new TokenBatches(weights.config(), DataType.FLOAT, SequencePacking.single(sequences), 100);

        List<List<String>> epochs = new ArrayList<>();
        for (int epoch : new int[] {1, 1, 2}) {
            List<String> contents = new ArrayList<>();
            batches.epoch(epoch, 5).forEachRemaining(batch -> {
                INDArray ids = batch.placeholders().get(DecoderInputs.INPUT_IDS);
                assertThat(ids.length()).isLessThanOrEqualTo(100);
                contents.add(ids.toString());
            });
            epochs.add(contents);
        }

        assertThat(epochs.get(0)).isEqualTo(epochs.get(1)).isNotEqualTo(epochs.get(2));
        assertThat(epochs.get(0)).hasSize((int) batches.batchesPerEpoch().getAsLong());
        assertThat(epochs.get(2)).hasSameSizeAs(epochs.get(0));
    }
}
