/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import com.oracle.labs.mlrg.olcut.util.Pair;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.Dataset;
import org.tribuo.ensemble.EnsembleCombiner;
import org.tribuo.evaluation.Evaluation;
import org.tribuo.evaluation.Evaluator;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.Regressor.DimensionTuple;
import org.tribuo.regression.ensemble.AveragingCombiner;
import org.tribuo.regression.evaluation.RegressionEvaluation;
import org.tribuo.regression.evaluation.RegressionEvaluator;
import org.tribuo.regression.example.RegressionDataGenerator;

/** Regression with two dimensions of opposite sign, so that dimensions that change places are noticed. */
public final class RegressionTask implements Task<Regressor> {

    private static final String[] DIMENSIONS = {
        RegressionDataGenerator.firstDimensionName, RegressionDataGenerator.secondDimensionName
    };

    @Override
    public Class<Regressor> type() {
        return Regressor.class;
    }

    @Override
    public RegressionFactory factory() {
        return new RegressionFactory();
    }

    @Override
    public TrainTest<Regressor> dense() {
        return of(RegressionDataGenerator.multiDimDenseTrainTest());
    }

    @Override
    public TrainTest<Regressor> sparse() {
        return of(RegressionDataGenerator.multiDimSparseTrainTest());
    }

    private static TrainTest<Regressor> of(Pair<Dataset<Regressor>, Dataset<Regressor>> sets) {
        return new TrainTest<>(sets.getA(), sets.getB());
    }

    @Override
    public SyntheticSource<Regressor> source(int size, long seed) {
        return new SyntheticSource<>(factory(), SyntheticSource.Target.REGRESSOR, size, seed);
    }

    @Override
    public EnsembleCombiner<Regressor> combiner() {
        return new AveragingCombiner();
    }

    @Override
    public Evaluator<Regressor, RegressionEvaluation> evaluator() {
        return new RegressionEvaluator();
    }

    @Override
    public double score(Evaluation<Regressor> evaluation) {
        return ((RegressionEvaluation) evaluation).averageR2();
    }

    @Override
    public double floor() {
        return 0.5;
    }

    /** Returns the largest difference of a dimension, relative to the larger of 1 and the value wanted. */
    @Override
    public double distance(Regressor found, Regressor wanted) {
        double largest = 0;
        for (DimensionTuple dimension : wanted) {
            double value = found.getDimension(dimension.getName()).orElseThrow().getValue();
            double difference = Math.abs(value - dimension.getValue()) / Math.max(1, Math.abs(dimension.getValue()));
            largest = Math.max(largest, difference);
        }
        return largest;
    }

    @Override
    public double near() {
        return 0.2;
    }

    @Override
    public List<Regressor> opposites() {
        return List.of(
                new Regressor(DIMENSIONS.clone(), new double[] {2, -2}),
                new Regressor(DIMENSIONS.clone(), new double[] {-2, 2}));
    }

    /** Returns the values; trainers with variances need a comparison of their own. */
    @Override
    public SortedMap<String, Double> numbers(Regressor output) {
        SortedMap<String, Double> numbers = new TreeMap<>();
        for (DimensionTuple dimension : output) {
            numbers.put(dimension.getName(), dimension.getValue());
        }
        return numbers;
    }
}
