/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.Problems;

/** Labels of vectors. */
final class VectorClassifierTask extends VectorTask {

    private static final long serialVersionUID = 1;

    @Override
    public String name() {
        return "LoraClassifier";
    }

    /** Indices alone: what an output of the base stands for, the base has settled. */
    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.NUMBER;
    }

    @Override
    public Facts facts(StructType schema, ParamValues settings) {
        return ClassColumns.facts(schema.apply(settings.text("labelCol")));
    }

    @Override
    public Example example(Row row, ParamValues settings, Facts facts) {
        ClassColumns.label(row, settings.text("labelCol"), facts);
        return new Example(features(row, settings), RowCells.index(row, settings.text("labelCol")));
    }

    @Override
    public Input input(Row row, ParamValues settings, Facts facts) {
        return new Input(features(row, settings), ClassColumns.ownIndex(row, settings, facts));
    }

    @Override
    public ParamValues forTable(TableColumns columns, ParamValues settings) {
        return ClassColumns.forTable(columns, settings);
    }

    @Override
    float[] target(Example example, Facts facts, int outputs) {
        float[] target = new float[outputs];
        target[(int) example.label()] = 1;
        return target;
    }

    @Override
    double score(List<Example> examples, float[][] outputs) {
        long right = IntStream.range(0, outputs.length)
                .filter(i -> best(outputs[i]) == (int) examples.get(i).label())
                .count();
        return (double) right / outputs.length;
    }

    private static int best(float[] outputs) {
        int best = 0;
        for (int i = 1; i < outputs.length; i++) {
            best = outputs[i] > outputs[best] ? i : best;
        }
        return best;
    }

    @Override
    String metric() {
        return "accuracy";
    }

    @Override
    boolean higherIsBetter() {
        return true;
    }

    @Override
    Object group(Example example) {
        return example.label();
    }

    @Override
    Facts known(Facts given, List<Example> train) {
        Problems problems = new Problems();
        problems.check(
                train.stream().mapToDouble(Example::label).distinct().count() > 1,
                "the rows to learn from have a single label, expected two or more to tell apart");
        problems.throwIfAny("LoraClassifier.fit");
        return ClassColumns.learned(
                given,
                train.stream()
                        .map(example -> Integer.toString((int) example.label()))
                        .toList());
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return ClassColumns.outputs(settings, facts);
    }

    @Override
    Object[] cells(float[] outputs, Input input, ParamValues settings, Facts facts) {
        Map<String, Double> scores = new LinkedHashMap<>();
        int best = 0;
        for (int i = 0; i < facts.labels().size(); i++) {
            if (!(outputs[i] >= 0 && outputs[i] <= 1)) {
                throw new IllegalArgumentException("the output " + settings.text("outputName") + " of the base is "
                        + outputs[i] + "; expected a probability. Name an output behind the softmax");
            }
            scores.put(facts.labels().get(i).strip(), (double) outputs[i]);
            best = outputs[i] > outputs[best] ? i : best;
        }
        return ClassColumns.cells(facts.labels().get(best).strip(), scores, input.label(), settings, facts);
    }
}
