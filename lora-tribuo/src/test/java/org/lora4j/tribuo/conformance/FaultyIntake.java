/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.function.DoublePredicate;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.ImmutableDataset;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.dataset.DatasetView;

/** What {@link FaultyTrainer} does with a data set before it learns from it. */
final class FaultyIntake {

    private FaultyIntake() {}

    /** Refuses what cannot be learned, unless that is the fault. */
    static Dataset<Label> accepted(Fault fault, Dataset<Label> examples) {
        if (examples.getOutputInfo().getUnknownCount() > 0) {
            if (fault != Fault.SKIPS_UNKNOWN_OUTPUTS) {
                throw new IllegalArgumentException("unknown outputs");
            }
            Label unknown = examples.getOutputFactory().getUnknownOutput();
            return only(examples, example -> !example.getOutput().equals(unknown));
        }
        if (examples.size() == 0 && fault != Fault.LEARNS_NOTHING) {
            throw new IllegalArgumentException("no examples");
        }
        for (Example<Label> example : examples) {
            if (any(example, Double::isInfinite) && fault != Fault.LEARNS_INFINITY) {
                throw new IllegalArgumentException("an infinite feature in " + example);
            }
        }
        return switch (fault) {
            case SKIPS_NAN -> only(examples, example -> !any(example, Double::isNaN));
            case IGNORES_WEIGHTS -> unweighted(examples);
            case FORGETS_PARENTS_OUTPUTS -> examples instanceof DatasetView ? onItsOwn(examples) : examples;
            default -> examples;
        };
    }

    static boolean any(Example<Label> example, DoublePredicate what) {
        return StreamSupport.stream(example.spliterator(), false)
                .mapToDouble(Feature::getValue)
                .anyMatch(what);
    }

    private static Dataset<Label> only(Dataset<Label> examples, Predicate<Example<Label>> which) {
        return DatasetView.createView(examples, which, "some");
    }

    private static Dataset<Label> unweighted(Dataset<Label> examples) {
        Dataset<Label> copy = ImmutableDataset.copyDataset(examples);
        copy.forEach(example -> example.setWeight(1));
        return copy;
    }

    private static Dataset<Label> onItsOwn(Dataset<Label> view) {
        MutableDataset<Label> own = new MutableDataset<>(view.getSourceProvenance(), view.getOutputFactory());
        view.forEach(example -> own.add(example.copy()));
        return own;
    }
}
