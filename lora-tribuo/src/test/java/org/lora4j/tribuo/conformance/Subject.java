/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Map;
import java.util.function.DoubleSupplier;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.Trainer;

/**
 * A trainer that is put through the suite, with what it is asked to learn and what it is known not to do.
 *
 * @param <T> the type of output that the trainer learns
 */
public interface Subject<T extends Output<T>> {

    /** The seed of {@link #trainer()}. */
    long SEED = 42;

    /**
     * Returns a new trainer that has trained nothing. Two calls with the same seed give trainers of the same
     * configuration, which reaches the task's {@linkplain Task#floor() floor} on all of the task's data sets.
     *
     * <p>The trainer must be one that OLCUT can describe: no configured property may be negative (a defect of OLCUT
     * 5.3.1 takes {@code -1} for unequal to itself), and whatever it needs must be found again from its configuration
     * alone.
     *
     * @param seed where all of the trainer's randomness comes from
     * @return the trainer
     */
    Trainer<T> trainer(long seed);

    /**
     * Returns what the trainer is asked to learn.
     *
     * @return one of the three tasks of this package, or another
     */
    Task<T> task();

    /**
     * Returns a new trainer with the seed that the suite uses by default.
     *
     * @return the trainer
     */
    default Trainer<T> trainer() {
        return trainer(SEED);
    }

    /**
     * Returns a new trainer for data sets whose feature names are hashes, for trainers that match features by name.
     *
     * @return the trainer
     */
    default Trainer<T> trainerOfHashedFeatures() {
        return trainer();
    }

    /**
     * Tells whether an example whose features are all there, but zero, can be predicted: finitely if so, and otherwise
     * with an {@link IllegalArgumentException}. Tribuo's own models predict it.
     *
     * @return whether it can be predicted
     */
    default boolean predictsZeroValues() {
        return true;
    }

    /**
     * Tells whether a data set of nothing but such examples can be learned: to a model of finite answers if so, and
     * otherwise with an {@link IllegalArgumentException}. Tribuo's own trainers learn it.
     *
     * @return whether it can be learned
     */
    default boolean learnsZeroValues() {
        return true;
    }

    /**
     * Returns how far predictions of a batch may be from predictions one by one, relative to the larger of 1 and the
     * number.
     *
     * @return the tolerance; 0 asks for the same bits
     */
    default double batchTolerance() {
        return 1e-5;
    }

    /**
     * Seeds the random numbers that all code of the process shares, if the trainer's library has any, and returns where
     * they come from. Nothing that the suite does may draw from them.
     *
     * @param seed the seed
     * @return what draws the next one
     */
    default DoubleSupplier sharedRandomNumbers(long seed) {
        return () -> seed;
    }

    /**
     * Returns what the trainer is known not to do. Each rule named here must fail: it is then reported as skipped, with
     * the reason, and a rule that passes although it is named here is a failure.
     *
     * @return the reasons, by the name of the test
     */
    default Map<String, String> limits() {
        return Map.of();
    }

    /**
     * Trains a new trainer for the first time.
     *
     * @param examples what to learn
     * @return the model
     */
    default Model<T> trained(Dataset<T> examples) {
        return trainer().train(examples);
    }

    /**
     * Returns all that a model says of a data set.
     *
     * @param model the model
     * @param examples what to predict
     * @return the answers, in the order of the examples
     */
    default Answers answers(Model<T> model, Dataset<T> examples) {
        return Answers.of(task(), model.predict(examples));
    }
}
