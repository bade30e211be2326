/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.ArrayText;
import org.lora4j.train.cache.BatchIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The input of one pass forwards and backwards.
 *
 * @param placeholders an array for each placeholder that the loss depends on, by name; not copied
 * @param examples number of examples in it, 1 or more; for speed and for progress
 * @param weight what its loss counts for when several batches are averaged, finite and above 0; the number of examples
 *     (or of tokens with a label) that the loss is a mean over
 * @param disposable true if the arrays belong to the training loop, which closes them as soon as the batch is used; false
 *     if they belong to the caller
 * @param identity what it, or each of its examples, is known by in the next epoch; needed for the cache of a frozen prefix
 * @apiNote Status: stable
 */
public record Batch(
        Map<String, INDArray> placeholders,
        int examples,
        double weight,
        boolean disposable,
        Optional<BatchIdentity> identity) {

    /**
     * Checks and freezes the map.
     *
     * @param placeholders an array for each placeholder that the loss depends on, by name; not copied
     * @param examples number of examples in it, 1 or more; for speed and for progress
     * @param weight what its loss counts for when several batches are averaged, finite and above 0; the number of examples
     *     (or of tokens with a label) that the loss is a mean over
     * @param disposable true if the arrays belong to the training loop, which closes them as soon as the batch is used; false
     *     if they belong to the caller
     * @param identity as in the record
     * @throws IllegalArgumentException if there is no placeholder, an array is missing or closed, {@code examples} is
     *     below 1 or {@code weight} is not a finite number above 0; the message lists every problem
     */
    public Batch {
        Objects.requireNonNull(identity, "Batch: identity is null; expected an Optional");
        Problems problems = new Problems();
        problems.check(
                placeholders != null && !placeholders.isEmpty(),
                "no placeholders; expected an array for each placeholder of the graph");
        if (placeholders != null) {
            placeholders.forEach((name, array) -> {
                problems.check(array != null, "placeholder \"" + name + "\" has no array (null)");
                problems.check(
                        array == null || !array.wasClosed(), "the array of placeholder \"" + name + "\" is closed");
            });
        }
        problems.atLeast("examples", examples, 1);
        problems.finiteAboveZero("weight", weight);
        problems.throwIfAny("Batch");
        placeholders = Collections.unmodifiableMap(new LinkedHashMap<>(placeholders));
    }

    /**
     * A batch without identity.
     *
     * @param placeholders as in the record
     * @param examples as in the record
     * @param weight as in the record
     * @param disposable as in the record
     * @throws IllegalArgumentException as the constructor above
     */
    public Batch(Map<String, INDArray> placeholders, int examples, double weight, boolean disposable) {
        this(placeholders, examples, weight, disposable, Optional.empty());
    }

    /**
     * A batch whose arrays stay the caller's and whose weight is its number of examples.
     *
     * @param placeholders as in the record
     * @param examples as in the record; the first axis of one array at least is as long, or a multiple of it where an
     *     example has several rows
     * @return the batch
     * @throws IllegalArgumentException as the constructor, and if no array has so many rows
     */
    public static Batch of(Map<String, INDArray> placeholders, int examples) {
        return weighed(placeholders, examples, false);
    }

    /**
     * A batch whose arrays the training loop closes once it has used them, with its number of examples as weight.
     *
     * @param placeholders as in the record
     * @param examples as in {@link #of}
     * @return the batch
     * @throws IllegalArgumentException as {@link #of}
     */
    public static Batch disposable(Map<String, INDArray> placeholders, int examples) {
        return weighed(placeholders, examples, true);
    }

    // The number decides what the loss counts for, so some array has to bear it out. Others may have no axis of
    // examples,
    // or have it second, as series with time first.
    private static Batch weighed(Map<String, INDArray> placeholders, int examples, boolean disposable) {
        Batch batch = new Batch(placeholders, examples, examples, disposable);
        Collection<INDArray> arrays = batch.placeholders().values();
        if (arrays.stream().anyMatch(array -> array.rank() > 0)
                && arrays.stream()
                        .noneMatch(array -> array.rank() > 0 && array.size(0) % examples == 0
                                || array.rank() > 1 && array.size(1) == examples)) {
            throw new IllegalArgumentException(
                    "Batch: " + examples + " examples, but no array has so many rows, or a multiple of it: "
                            + ArrayText.of(batch.placeholders())
                            + "; expected the number of examples in them. If examples differ in their number of rows, give"
                            + " examples and weight to the constructor.");
        }
        return batch;
    }

    /**
     * The same batch with another weight.
     *
     * @param newWeight finite and above 0
     * @return the batch
     * @throws IllegalArgumentException as the constructor
     */
    public Batch withWeight(double newWeight) {
        return new Batch(placeholders, examples, newWeight, disposable, identity);
    }

    /**
     * The same batch with something to know it by.
     *
     * @param newIdentity as in the record
     * @return the batch
     */
    public Batch identifiedBy(BatchIdentity newIdentity) {
        return new Batch(placeholders, examples, weight, disposable, Optional.of(newIdentity));
    }

    @Override
    public String toString() {
        return "Batch[" + ArrayText.of(placeholders) + ", " + examples + " examples, weight " + weight + "]";
    }
}
