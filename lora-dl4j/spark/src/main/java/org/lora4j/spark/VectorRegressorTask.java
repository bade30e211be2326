/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;

/** Numbers of vectors. */
final class VectorRegressorTask extends VectorTask {

    private static final long serialVersionUID = 1;

    @Override
    public String name() {
        return "LoraRegressor";
    }

    @Override
    TableColumns.Kind labels() {
        return TableColumns.Kind.NUMBER;
    }

    @Override
    public Example example(Row row, ParamValues settings, Facts facts) {
        return new Example(features(row, settings), RowCells.number(row, settings.text("labelCol")));
    }

    @Override
    public Input input(Row row, ParamValues settings, Facts facts) {
        return new Input(features(row, settings), null);
    }

    @Override
    float[] target(Example example, Facts facts, int outputs) {
        if (outputs != 1) {
            throw new IllegalArgumentException(
                    "the base has " + outputs + " outputs; expected one, the number. Give it a head of that width.");
        }
        return new float[] {(float) example.label()};
    }

    @Override
    double score(List<Example> examples, float[][] outputs) {
        double squares = 0;
        for (int i = 0; i < outputs.length; i++) {
            double error = outputs[i][0] - examples.get(i).label();
            squares += error * error;
        }
        return squares / outputs.length;
    }

    @Override
    String metric() {
        return "mean squared error";
    }

    @Override
    boolean higherIsBetter() {
        return false;
    }

    @Override
    Object group(Example example) {
        return 0;
    }

    @Override
    Facts known(Facts given, List<Example> train) {
        return given;
    }

    @Override
    public List<StructField> outputs(ParamValues settings, Facts facts) {
        return settings.names("predictionCol")
                ? List.of(new StructField(settings.text("predictionCol"), DataTypes.DoubleType, true, Metadata.empty()))
                : List.of();
    }

    @Override
    Object[] cells(float[] outputs, Input input, ParamValues settings, Facts facts) {
        return settings.names("predictionCol") ? new Object[] {(double) outputs[0]} : new Object[0];
    }
}
