/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.input.InputBinding;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.Example;
import org.tribuo.Output;

/**
 * Examples in batches, in a new order for each epoch. Batches are converted when their turn comes.
 *
 * <p>Where examples differ in length, those of eight batches are sorted by it before they are dealt, because a batch is as
 * long as its longest example; the batches come in random order again.
 */
record ExampleBatches<T extends Output<T>>(
        AdaptedBase host,
        InputBinding inputs,
        List<Example<T>> examples,
        double[][] targets,
        double[] weights,
        int[] lengths,
        int size,
        boolean shuffled)
        implements Batches {

    private static final int SORTED_TOGETHER = 8;

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        int[][] batches = shuffled ? dealt(epoch, seed) : inOrder();
        return Arrays.stream(batches).map(this::batch).iterator();
    }

    private int[][] inOrder() {
        return cut(IntStream.range(0, examples.size()).toArray());
    }

    private int[][] dealt(int epoch, long seed) {
        int[] order = ShuffledIndices.of(examples.size(), seed, epoch);
        if (Arrays.stream(lengths).distinct().count() <= 1) {
            return cut(order);
        }
        int[] sorted = new int[0];
        for (int from = 0; from < order.length; from += SORTED_TOGETHER * size) {
            int to = Math.min(order.length, from + SORTED_TOGETHER * size);
            IntStream group = Arrays.stream(order, from, to)
                    .boxed()
                    .sorted(Comparator.comparingInt(i -> lengths[i]))
                    .mapToInt(i -> i);
            sorted = IntStream.concat(Arrays.stream(sorted), group).toArray();
        }
        int[][] batches = cut(sorted);
        int[] turns = ShuffledIndices.of(batches.length, seed + 1, epoch);
        return Arrays.stream(turns).mapToObj(i -> batches[i]).toArray(int[][]::new);
    }

    private int[][] cut(int[] order) {
        int count = (order.length + size - 1) / size;
        return IntStream.range(0, count)
                .mapToObj(i -> Arrays.copyOfRange(order, i * size, Math.min(order.length, (i + 1) * size)))
                .toArray(int[][]::new);
    }

    private Batch batch(int[] indices) {
        List<Example<T>> chosen = new ArrayList<>();
        double[][] chosenTargets = new double[indices.length][];
        double[] chosenWeights = new double[indices.length];
        for (int i = 0; i < indices.length; i++) {
            chosen.add(examples.get(indices[i]));
            chosenTargets[i] = targets[indices[i]];
            chosenWeights[i] = weights[indices[i]];
        }
        Map<String, INDArray> arrays = host.step(inputs.convert(chosen), chosenTargets, chosenWeights);
        return Batch.disposable(arrays, indices.length);
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        return OptionalLong.of((examples.size() + size - 1L) / size);
    }
}
