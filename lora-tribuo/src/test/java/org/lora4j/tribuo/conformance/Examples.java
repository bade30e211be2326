/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Examples and data sets that the rules need besides those of the tasks. */
final class Examples {

    /** Names that no data set has. */
    private static final String[] UNKNOWN_NAMES = {"nowhere-1", "nowhere-5", "nowhere-8"};

    private Examples() {}

    static <T extends Output<T>> MutableDataset<T> none(Task<T> task) {
        return new MutableDataset<>(
                new SimpleDataSourceProvenance("conformance", OffsetDateTime.now(), task.factory()), task.factory());
    }

    static <T extends Output<T>> MutableDataset<T> of(Task<T> task, Iterable<Example<T>> examples) {
        MutableDataset<T> set = none(task);
        for (Example<T> example : examples) {
            set.add(example.copy());
        }
        return set;
    }

    static <T extends Output<T>> MutableDataset<T> reversed(Task<T> task, Dataset<T> examples) {
        List<Example<T>> backwards = new ArrayList<>(examples.getData());
        Collections.reverse(backwards);
        return of(task, backwards);
    }

    static <T extends Output<T>> Example<T> withoutFeatures(T output) {
        return new ArrayExample<>(output, new String[0], new double[0]);
    }

    static <T extends Output<T>> Example<T> withUnknownFeatures(T output) {
        return new ArrayExample<>(output, UNKNOWN_NAMES.clone(), new double[] {1, 5, 8});
    }

    static <T extends Output<T>> Example<T> withOutput(Example<T> example, T output) {
        Example<T> other = new ArrayExample<>(output);
        example.forEach(other::add);
        return other;
    }

    /** Returns a copy with one more feature, which no data set has. */
    static <T extends Output<T>> Example<T> withOneMore(Example<T> example) {
        Example<T> more = withOutput(example, example.getOutput());
        more.add(new Feature("unknown", 17));
        return more;
    }

    /** Returns a copy whose first feature has another value. */
    static <T extends Output<T>> Example<T> withFirstValue(Example<T> example, double value) {
        Example<T> copy = example.copy();
        copy.set(new Feature(example.iterator().next().getName(), value));
        return copy;
    }

    /** Returns a copy whose features are all there, but zero. */
    static <T extends Output<T>> Example<T> withZeros(Example<T> example) {
        Example<T> copy = example.copy();
        for (Feature feature : example) {
            copy.set(new Feature(feature.getName(), 0));
        }
        return copy;
    }

    /** Returns a copy of a data set whose first example has another first value, which data sets refuse when it is NaN. */
    static <T extends Output<T>> MutableDataset<T> spoiled(Task<T> task, Dataset<T> examples, double value) {
        MutableDataset<T> copy = of(task, examples);
        Example<T> first = copy.getExample(0);
        first.set(new Feature(first.iterator().next().getName(), value));
        return copy;
    }

    /** Returns examples of the same features that say two outputs, in turn. */
    static <T extends Output<T>> MutableDataset<T> contradiction(
            Task<T> task, T first, float firstWeight, T second, float secondWeight) {
        MutableDataset<T> examples = none(task);
        for (int i = 0; i < 10; i++) {
            examples.add(weighted(first, firstWeight));
            examples.add(weighted(second, secondWeight));
        }
        return examples;
    }

    private static <T extends Output<T>> Example<T> weighted(T output, float weight) {
        Example<T> example =
                new ArrayExample<>(output, new String[] {"A", "B", "C", "D"}, new double[] {1, 0.5, 1, -1});
        example.setWeight(weight);
        return example;
    }
}
