/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.List;
import java.util.SortedMap;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.ensemble.EnsembleCombiner;
import org.tribuo.evaluation.Evaluation;
import org.tribuo.evaluation.Evaluator;

/**
 * What a trainer of one type of output is asked to learn, and how the suite measures it. Data sets are new with every
 * call, so that a test may spoil them.
 *
 * @param <T> the type of output
 */
public interface Task<T extends Output<T>> {

    /**
     * The names of all features in the training sets of all three tasks, for trainers that match features by name. Names
     * that are only in test sets, and must be ignored there, are left out.
     */
    List<String> FEATURE_NAMES = List.of(
            "A", "A-MONKEY", "B", "B-PUZZLE", "C", "C-TREE", "D", "E", "F", "G", "H", "I", "J", "K", "M", "V", "Z");

    /**
     * A training set and a test set.
     *
     * @param <T> the type of output
     * @param train the training set
     * @param test the test set, with the same kinds of outputs
     */
    record TrainTest<T extends Output<T>>(Dataset<T> train, Dataset<T> test) {}

    /**
     * Returns the class of the outputs.
     *
     * @return the class
     */
    Class<T> type();

    /**
     * Returns the factory of the outputs.
     *
     * @return the factory
     */
    OutputFactory<T> factory();

    /**
     * Returns data sets of Tribuo's own tests in which every example has every feature.
     *
     * @return 12 examples or fewer, and 4
     */
    TrainTest<T> dense();

    /**
     * Returns data sets of Tribuo's own tests in which each example has few features and the test set has features that
     * the training set has not.
     *
     * @return 12 examples, and 4
     */
    TrainTest<T> sparse();

    /**
     * Returns a source that provenance describes in full.
     *
     * @param size how many examples
     * @param seed where they come from
     * @return the source
     */
    SyntheticSource<T> source(int size, long seed);

    /**
     * Returns the combiner with which models of this task become an ensemble.
     *
     * @return the combiner
     */
    EnsembleCombiner<T> combiner();

    /**
     * Returns Tribuo's evaluator.
     *
     * @return the evaluator
     */
    Evaluator<T, ? extends Evaluation<T>> evaluator();

    /**
     * Returns the figure of an evaluation by which the suite judges: 1 is perfect, and more is better.
     *
     * @param evaluation an evaluation by {@link #evaluator()}
     * @return the figure
     */
    double score(Evaluation<T> evaluation);

    /**
     * Returns the score that a trainer must reach on what it was trained with, which no constant prediction reaches.
     *
     * @return the least score
     */
    double floor();

    /**
     * Returns how far apart two outputs are.
     *
     * @param found an output
     * @param wanted another one
     * @return 0 for equal outputs, more for others
     */
    double distance(T found, T wanted);

    /**
     * Returns the distance up to which a prediction counts as the output wanted.
     *
     * @return the largest distance
     */
    double near();

    /**
     * Returns two outputs that are far apart and that one model can tell apart.
     *
     * @return two outputs
     */
    List<T> opposites();

    /**
     * Returns the numbers of an output, by their names.
     *
     * @param output an output
     * @return all numbers that a comparison bit for bit must find equal
     */
    SortedMap<String, Double> numbers(T output);

    /**
     * Returns the score of a model.
     *
     * @param model the model
     * @param examples what it is measured with
     * @return the score
     */
    default double score(Model<T> model, Dataset<T> examples) {
        return score(evaluator().evaluate(model, examples));
    }

    /**
     * Returns a data set of {@link #source}.
     *
     * @param size how many examples
     * @param seed where they come from
     * @return the data set
     */
    default MutableDataset<T> synthetic(int size, long seed) {
        return new MutableDataset<>(source(size, seed));
    }
}
