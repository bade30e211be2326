/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.example.LabelledDataGenerator;
import org.tribuo.ensemble.EnsembleCombiner;
import org.tribuo.evaluation.Evaluation;
import org.tribuo.evaluation.Evaluator;
import org.tribuo.impl.ArrayExample;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.MultiLabelFactory;
import org.tribuo.multilabel.ensemble.MultiLabelVotingCombiner;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluation;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluator;
import org.tribuo.multilabel.example.MultiLabelDataGenerator;

/** Several labels for each example. */
public final class MultiLabelTask implements Task<MultiLabel> {

    @Override
    public Class<MultiLabel> type() {
        return MultiLabel.class;
    }

    @Override
    public MultiLabelFactory factory() {
        return new MultiLabelFactory();
    }

    @Override
    public TrainTest<MultiLabel> dense() {
        return new TrainTest<>(MultiLabelDataGenerator.generateTrainData(), MultiLabelDataGenerator.generateTestData());
    }

    /** Returns the sparse sets of classification, each label with the set that its first letter is in. */
    @Override
    public TrainTest<MultiLabel> sparse() {
        var labels = LabelledDataGenerator.sparseTrainTest();
        return new TrainTest<>(sets(labels.getA()), sets(labels.getB()));
    }

    private Dataset<MultiLabel> sets(Dataset<Label> labels) {
        MutableDataset<MultiLabel> sets = Examples.none(this);
        for (Example<Label> example : labels) {
            String label = example.getOutput().getLabel();
            MultiLabel set = factory().generateOutput(label.startsWith("B") ? label + ",Both" : label);
            ArrayExample<MultiLabel> copy = new ArrayExample<>(set);
            example.forEach(copy::add);
            sets.add(copy);
        }
        return sets;
    }

    @Override
    public SyntheticSource<MultiLabel> source(int size, long seed) {
        return new SyntheticSource<>(factory(), SyntheticSource.Target.MULTI_LABEL, size, seed);
    }

    @Override
    public EnsembleCombiner<MultiLabel> combiner() {
        return new MultiLabelVotingCombiner();
    }

    @Override
    public Evaluator<MultiLabel, MultiLabelEvaluation> evaluator() {
        return new MultiLabelEvaluator();
    }

    @Override
    public double score(Evaluation<MultiLabel> evaluation) {
        return ((MultiLabelEvaluation) evaluation).microAveragedF1();
    }

    @Override
    public double floor() {
        return 0.8;
    }

    /** Returns how many labels are in one set only. */
    @Override
    public double distance(MultiLabel found, MultiLabel wanted) {
        return MultiLabel.unionSize(found, wanted) - MultiLabel.intersectionSize(found, wanted);
    }

    @Override
    public double near() {
        return 0;
    }

    @Override
    public List<MultiLabel> opposites() {
        return List.of(new MultiLabel("MONKEY"), new MultiLabel(Set.of(new Label("PUZZLE"), new Label("TREE"))));
    }

    @Override
    public SortedMap<String, Double> numbers(MultiLabel output) {
        SortedMap<String, Double> numbers = new TreeMap<>();
        for (Label label : output.getLabelSet()) {
            numbers.put(label.getLabel(), output.getLabelScore(label).orElseThrow());
        }
        return numbers;
    }
}
