/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightChange;
import org.lora4j.weights.WeightChanges;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight and its change as matrices, as PyTorch has them: the first axis is that of rows.
 *
 * @param change whose they are
 * @param weight the weight before
 * @param update the singular values of the change other than 0, with their vectors
 */
record ChangedMatrices(WeightChange change, Matrix weight, SingularValues update) {

    /** The weight after the change. */
    Matrix after() {
        Matrix scaled = update.left().scaledRows(update.values()).transposed();
        return weight.plus(1, scaled.times(update.right()));
    }

    /**
     * Goes through all changes of an adapter, one after the other, so that only one weight is in memory.
     *
     * @return what is left out, with reasons by path
     * @throws IllegalArgumentException if there is no change, every change is zero, or elements are not finite; the
     *     message lists everything
     */
    static TreeMap<String, String> forEach(
            String call, Adapter adapter, ModelWeights base, BiConsumer<String, ChangedMatrices> each)
            throws IncompatibleBaseException {
        WeightChanges all = WeightChanges.of(adapter, base);
        Problems problems = new Problems();
        problems.check(
                !all.changes().isEmpty(),
                "the adapter changes no weight as a matrix (left out: " + MessageText.value(all.leftOut())
                        + "), expected an update of at least one linear module, embedding or convolution");
        boolean any = all.changes().isEmpty();
        for (WeightChange change : all.changes()) {
            String where = "module " + MessageText.name(change.module());
            Matrix weight = matrix(change.before());
            problems.check(
                    Double.isFinite(weight.largest()),
                    where + ": its weight in the base holds NaN or infinity, expected finite numbers");
            if (Double.isFinite(weight.largest())) {
                ChangedMatrices matrices = new ChangedMatrices(change, weight, spectrum(change));
                any |= matrices.update.values().length > 0;
                if (problems.isEmpty()) {
                    each.accept(change.module(), matrices);
                }
            }
        }
        problems.check(
                any || !problems.isEmpty(),
                "every update is zero (" + all.changes().size()
                        + " in all), expected an adapter that has been trained");
        problems.throwIfAny(call);
        return new TreeMap<>(all.leftOut());
    }

    private static SingularValues spectrum(WeightChange change) throws IncompatibleBaseException {
        Optional<WeightChange.Product> product = change.product();
        SingularValues found;
        if (product.isPresent()) {
            found = SingularValues.ofProduct(
                    matrix(product.get().left()), matrix(product.get().right()));
        } else {
            Matrix delta = matrix(change.change());
            found = SingularValues.ofLowRank(delta)
                    .orElseGet(() -> SingularValues.leading(delta, Math.min(delta.rows(), delta.columns())));
        }
        return found.values().length == 0 || found.values()[0] == 0
                ? found.truncated(0)
                : found.truncated(found.rank());
    }

    static Matrix matrix(INDArray array) {
        return Matrix.of(array, Math.toIntExact(array.size(0)));
    }
}
