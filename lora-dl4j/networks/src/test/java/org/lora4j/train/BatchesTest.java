/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

class BatchesTest {

    private static final INDArray X = Nd4j.ones(DataType.FLOAT, 3, 2);
    private static final INDArray Y = Nd4j.zeros(DataType.FLOAT, 3, 1);
    private static final INDArray MASK = Nd4j.ones(DataType.FLOAT, 3, 1);

    private static List<Batch> numbered(int count) {
        return IntStream.range(1, count + 1)
                .mapToObj(i -> new Batch(Map.of("x", X), i, i, false))
                .toList();
    }

    private static List<Integer> sizes(Iterator<Batch> batches) {
        List<Integer> sizes = new ArrayList<>();
        batches.forEachRemaining(batch -> sizes.add(batch.examples()));
        return sizes;
    }

    @Test
    void inOrder_givesTheSameOrderInEveryEpoch() {
        Batches batches = Batches.inOrder(numbered(4));

        assertThat(sizes(batches.epoch(1, 5))).containsExactly(1, 2, 3, 4);
        assertThat(sizes(batches.epoch(2, 6))).containsExactly(1, 2, 3, 4);
        assertThat(batches.batchesPerEpoch()).hasValue(4);
    }

    @Test
    void shuffled_givesEveryBatchOnceInAnOrderPerEpochAndSeed() {
        Batches batches = Batches.shuffled(numbered(20));

        List<Integer> first = sizes(batches.epoch(1, 5));

        assertThat(first)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(1, 21).boxed().toList());
        assertThat(sizes(batches.epoch(1, 5))).isEqualTo(first);
        assertThat(sizes(batches.epoch(2, 5))).isNotEqualTo(first);
        assertThat(sizes(batches.epoch(1, 6))).isNotEqualTo(first);
    }

    @Test
    void shuffledIndices_putEveryIndexAtEveryPlaceEquallyOften() {
        int[][] counts = new int[3][3];
        for (int epoch = 0; epoch < 3000; epoch++) {
            int[] order = ShuffledIndices.of(3, 42, epoch);
            for (int place = 0; place < 3; place++) {
                counts[place][order[place]]++;
            }
        }

        // 1000 expected, standard deviation 26.
        for (int[] place : counts) {
            assertThat(IntStream.of(place).min().getAsInt()).isGreaterThan(870);
        }
    }

    @Test
    void shuffledIndices_ofANegativeSize_isRefused() {
        assertThatThrownBy(() -> ShuffledIndices.of(-1, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ShuffledIndices: size = -1; expected 0 or more");
    }

    @Test
    void inOrder_ofNothing_isRefused() {
        assertThatThrownBy(() -> Batches.inOrder(List.of()))
                .hasMessage(
                        "Batches: the list of batches is empty; expected at least one. Check how the data was read");
    }

    @Test
    void inOrder_ofDisposableBatches_isRefused() {
        List<Batch> batches = List.of(Batch.of(Map.of("x", X), 1), Batch.disposable(Map.of("x", X), 1));

        assertThatThrownBy(() -> Batches.shuffled(batches))
                .hasMessageStartingWith("Batches: 1 of 2 batches are disposable");
    }

    @Test
    void withBatchesPerEpoch_tellsTheNumber() {
        Batches unknown = (epoch, seed) -> numbered(2).iterator();

        assertThat(unknown.batchesPerEpoch()).isEmpty();
        assertThat(unknown.withBatchesPerEpoch(2).batchesPerEpoch()).hasValue(2);
        assertThat(sizes(unknown.withBatchesPerEpoch(2).epoch(1, 0))).containsExactly(1, 2);
        assertThatThrownBy(() -> unknown.withBatchesPerEpoch(0))
                .hasMessage("Batches: batchesPerEpoch = 0, expected 1 or more");
    }

    @Test
    void batch_withBadArguments_listsAllOfThem() {
        INDArray closed = Nd4j.ones(DataType.FLOAT, 2);
        closed.close();

        assertThatThrownBy(() -> new Batch(Map.of("x", closed), 0, Double.NaN, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Batch: 3 problems: the array of placeholder \"x\" is closed; examples = 0, expected 1 or more;"
                                + " weight = NaN, expected a finite number above 0");
        assertThatThrownBy(() -> Batch.of(Map.of(), 1))
                .hasMessage("Batch: no placeholders; expected an array for each placeholder of the graph");
    }

    @Test
    void batch_ofAnotherNumberOfExamplesThanRows_isRefused_withTheShapes() {
        INDArray x = Nd4j.ones(DataType.FLOAT, 96, 4);
        INDArray positions = Nd4j.ones(DataType.FLOAT, 4);

        assertThatThrownBy(() -> Batch.of(Map.of("x", x), 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Batch: 5 examples, but no array has so many rows, or a multiple of it: {x FLOAT[96, 4]};"
                        + " expected the number of examples in them. If examples differ in their number of rows, give"
                        + " examples and weight to the constructor.");
        assertThatThrownBy(() -> Batch.disposable(Map.of("x", x, "positions", positions), 192))
                .hasMessageContaining("192 examples")
                .hasMessageContaining("positions FLOAT[4]");
    }

    @Test
    void batch_ofArraysWithoutAnAxisOfExamples_orWithSeveralRowsForEach_isTaken() {
        INDArray fourChoices = Nd4j.ones(DataType.FLOAT, 96, 4);
        INDArray timeFirst = Nd4j.ones(DataType.FLOAT, 7, 24, 4);
        INDArray positions = Nd4j.ones(DataType.FLOAT, 512);

        for (Map<String, INDArray> arrays : List.of(
                Map.of("x", fourChoices, "positions", positions),
                Map.of("x", timeFirst, "positions", positions),
                Map.of("rate", Nd4j.scalar(0.5f)))) {
            assertThat(Batch.of(arrays, 24).examples()).isEqualTo(24);
        }
        assertThat(new Batch(Map.of("packed", fourChoices), 5, 96, false).weight())
                .isEqualTo(96);
    }

    @Test
    void ofDataSets_namesTheArraysAndStartsAfreshInEveryEpoch() {
        ListDataSetIterator<DataSet> iterator =
                new ListDataSetIterator<>(List.of(new DataSet(X, Y), new DataSet(X, Y)), 1);
        Batches batches = Batches.of(iterator, DataSetPlaceholders.of("input", "label"));

        assertThat(sizes(batches.epoch(1, 0))).containsExactly(3, 3);
        Batch again = batches.epoch(2, 0).next();

        assertThat(again.placeholders()).containsOnlyKeys("input", "label");
        assertThat(again.placeholders().get("input")).isEqualTo(X);
        assertThat(again.placeholders().get("label")).isEqualTo(Y);
        assertThat(again.disposable()).isFalse();
    }

    @Test
    void ofMultiDataSets_namesEveryArrayAndMask() {
        MultiDataSet set = new MultiDataSet(
                new INDArray[] {X, Y}, new INDArray[] {Y}, new INDArray[] {MASK, MASK}, new INDArray[] {MASK});
        DataSetPlaceholders names = new DataSetPlaceholders(
                List.of("a", "b"), List.of("label"), List.of("aMask", "bMask"), List.of("labelMask"));

        Batch batch = Batches.of(new SingletonMultiDataSetIterator(set), names)
                .epoch(1, 0)
                .next();

        assertThat(batch.placeholders()).containsOnlyKeys("a", "b", "label", "aMask", "bMask", "labelMask");
        assertThat(batch.placeholders().get("b")).isSameAs(Y);
        assertThat(batch.examples()).isEqualTo(3);
    }

    @Test
    void ofDataSets_whenAMaskHasNoName_refusesToDropIt() {
        DataSet masked = new DataSet(X, Y, MASK, null);
        Iterator<Batch> epoch = Batches.of(
                        new ListDataSetIterator<>(List.of(masked), 1), DataSetPlaceholders.of("x", "y"))
                .epoch(1, 0);

        assertThatThrownBy(epoch::next)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "data set 1 of epoch 1: 1 feature masks, expected 0 for the placeholders []. Name a placeholder"
                                + " for each, or take them out of the data set");
    }

    @Test
    void ofDataSets_whenAMaskIsMissing_saysWhich() {
        Iterator<Batch> epoch = Batches.of(
                        new ListDataSetIterator<>(List.of(new DataSet(X, Y)), 1),
                        DataSetPlaceholders.of("x", "y").withLabelMasks("m"))
                .epoch(1, 0);

        assertThatThrownBy(epoch::next)
                .hasMessageStartingWith("data set 1 of epoch 1: 0 label masks, expected 1 for the placeholders [m].");
    }

    @Test
    void ofDataSets_withTwoFeatureNames_isRefused() {
        DataSetPlaceholders names = new DataSetPlaceholders(List.of("a", "b"), List.of("y"), List.of(), List.of());

        assertThatThrownBy(() -> Batches.of(new ListDataSetIterator<>(List.of(new DataSet(X, Y)), 1), names))
                .hasMessageContaining("features = [a, b], expected one name");
    }

    @Test
    void placeholders_withDoubleNamesAndHalfTheMasks_listsBoth() {
        assertThatThrownBy(() -> new DataSetPlaceholders(List.of("a", "b"), List.of("a"), List.of("m"), List.of()))
                .hasMessage(
                        "DataSetPlaceholders: 2 problems: featureMasks has 1 names [m], expected none or 2; placeholder"
                                + " \"a\" is named twice, expected once");
    }

    @Test
    void ofDataSets_thatCannotBeReset_serveOneEpoch() {
        ListDataSetIterator<DataSet> once = new ListDataSetIterator<>(List.of(new DataSet(X, Y)), 1) {
            private static final long serialVersionUID = 1L;

            @Override
            public boolean resetSupported() {
                return false;
            }
        };
        Batches batches = Batches.of(once, DataSetPlaceholders.of("x", "y"));
        assertThat(sizes(batches.epoch(1, 0))).containsExactly(3);

        assertThatThrownBy(() -> batches.epoch(2, 0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("Batches, epoch 2: the iterator was read before and cannot be reset");
    }
}
