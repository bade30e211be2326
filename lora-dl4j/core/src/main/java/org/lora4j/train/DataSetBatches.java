/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * The data sets of an ND4J iterator as batches. Their arrays stay the iterator's: many iterators hand out the same arrays
 * again in the next epoch.
 */
final class DataSetBatches<T> implements Batches {

    private final Iterator<T> iterator;
    private final BooleanSupplier resetSupported;
    private final Runnable reset;
    private final Function<T, Arrays> arrays;
    private final DataSetPlaceholders names;
    private boolean used;

    /** The arrays of one data set; a list is null if the data set has no arrays of that sort. */
    private record Arrays(INDArray[] features, INDArray[] labels, INDArray[] featureMasks, INDArray[] labelMasks) {}

    private DataSetBatches(
            Iterator<T> iterator,
            BooleanSupplier resetSupported,
            Runnable reset,
            Function<T, Arrays> arrays,
            DataSetPlaceholders names) {
        this.iterator = iterator;
        this.resetSupported = resetSupported;
        this.reset = reset;
        this.arrays = arrays;
        this.names = names;
    }

    static Batches of(DataSetIterator iterator, DataSetPlaceholders names) {
        Problems problems = new Problems();
        problems.check(
                names.features().size() == 1,
                "features = " + names.features() + ", expected one name: a DataSet has one feature array");
        problems.check(
                names.labels().size() <= 1,
                "labels = " + names.labels() + ", expected at most one name: a DataSet has one label array");
        problems.throwIfAny("Batches of a DataSetIterator");
        return new DataSetBatches<DataSet>(
                iterator, iterator::resetSupported, iterator::reset, DataSetBatches::arraysOf, names);
    }

    static Batches of(MultiDataSetIterator iterator, DataSetPlaceholders names) {
        return new DataSetBatches<MultiDataSet>(
                iterator, iterator::resetSupported, iterator::reset, DataSetBatches::arraysOf, names);
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        if (resetSupported.getAsBoolean()) {
            reset.run();
        } else if (used) {
            throw new IllegalStateException("Batches, epoch " + epoch
                    + ": the iterator was read before and cannot be reset; expected one that resetSupported()."
                    + " Train one epoch, or collect its data sets into a ListDataSetIterator");
        }
        used = true;
        return new Iterator<>() {
            private int number;

            @Override
            public boolean hasNext() {
                return iterator.hasNext();
            }

            @Override
            public Batch next() {
                T next = iterator.next();
                number++;
                return batch(arrays.apply(next), "data set " + number + " of epoch " + epoch);
            }
        };
    }

    private Batch batch(Arrays of, String where) {
        Problems problems = new Problems();
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        put(problems, placeholders, "feature arrays", names.features(), of.features());
        put(problems, placeholders, "label arrays", names.labels(), of.labels());
        put(problems, placeholders, "feature masks", names.featureMasks(), of.featureMasks());
        put(problems, placeholders, "label masks", names.labelMasks(), of.labelMasks());
        problems.throwIfAny(where);
        return Batch.of(placeholders, Math.toIntExact(of.features()[0].size(0)));
    }

    private static void put(
            Problems problems, Map<String, INDArray> into, String what, List<String> names, INDArray[] found) {
        int present = 0;
        for (int i = 0; found != null && i < found.length; i++) {
            if (found[i] != null) {
                present++;
                if (i < names.size()) {
                    into.put(names.get(i), found[i]);
                }
            }
        }
        problems.check(
                present == names.size() && (found == null || present == 0 || found.length == names.size()),
                present + " " + what + ", expected " + names.size() + " for the placeholders " + names
                        + ". Name a placeholder for each, or take them out of the data set");
    }

    private static Arrays arraysOf(DataSet set) {
        return new Arrays(
                one(set.getFeatures()),
                one(set.getLabels()),
                one(set.getFeaturesMaskArray()),
                one(set.getLabelsMaskArray()));
    }

    private static Arrays arraysOf(MultiDataSet set) {
        return new Arrays(set.getFeatures(), set.getLabels(), set.getFeaturesMaskArrays(), set.getLabelsMaskArrays());
    }

    private static INDArray[] one(INDArray array) {
        return array == null ? null : new INDArray[] {array};
    }
}
