/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.Dataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.ensemble.FullyWeightedVotingCombiner;
import org.tribuo.classification.evaluation.LabelEvaluation;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.example.LabelledDataGenerator;
import org.tribuo.ensemble.EnsembleCombiner;
import org.tribuo.evaluation.Evaluation;
import org.tribuo.evaluation.Evaluator;

/** Classification: one of four labels. */
public final class LabelTask implements Task<Label> {

    @Override
    public Class<Label> type() {
        return Label.class;
    }

    @Override
    public LabelFactory factory() {
        return new LabelFactory();
    }

    @Override
    public TrainTest<Label> dense() {
        return of(LabelledDataGenerator.denseTrainTest());
    }

    @Override
    public TrainTest<Label> sparse() {
        return of(LabelledDataGenerator.sparseTrainTest());
    }

    private static TrainTest<Label> of(Pair<Dataset<Label>, Dataset<Label>> sets) {
        return new TrainTest<>(sets.getA(), sets.getB());
    }

    @Override
    public SyntheticSource<Label> source(int size, long seed) {
        return new SyntheticSource<>(factory(), SyntheticSource.Target.LABEL, size, seed);
    }

    /** Returns the combiner that adds up the scores of the members, where a mere vote would hide small changes. */
    @Override
    public EnsembleCombiner<Label> combiner() {
        return new FullyWeightedVotingCombiner();
    }

    @Override
    public Evaluator<Label, LabelEvaluation> evaluator() {
        return new LabelEvaluator();
    }

    @Override
    public double score(Evaluation<Label> evaluation) {
        return ((LabelEvaluation) evaluation).accuracy();
    }

    @Override
    public double floor() {
        return 0.75;
    }

    @Override
    public double distance(Label found, Label wanted) {
        return found.equals(wanted) ? 0 : 1;
    }

    @Override
    public double near() {
        return 0;
    }

    @Override
    public List<Label> opposites() {
        return List.of(new Label("Foo"), new Label("Bar"));
    }

    @Override
    public SortedMap<String, Double> numbers(Label output) {
        return new TreeMap<>(Map.of(output.getLabel(), output.getScore()));
    }
}
