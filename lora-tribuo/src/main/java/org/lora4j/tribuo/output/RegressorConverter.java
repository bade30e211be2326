/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.tribuo.protos.RegressorConverterProto;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Prediction;
import org.tribuo.regression.Regressor;

/**
 * Regression: one number or several, each by the name of its dimension.
 *
 * <p>By default the network learns standardized values, because a network with targets of 5000 hardly learns anything else
 * than the mean. The loss is then in units of variance, the same for each dimension, and predictions are in the user's unit.
 *
 * @apiNote Status: stable
 */
public final class RegressorConverter implements OutputConverter<Regressor> {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    private static final String WHERE = "RegressorConverter";

    @Config(description = "Learn (value - mean) / deviation of the training data, by dimension.")
    private boolean standardized = true;

    /** Makes a converter that standardizes. */
    public RegressorConverter() {}

    /**
     * Makes a converter.
     *
     * @param standardized whether the network learns standardized values
     */
    public RegressorConverter(boolean standardized) {
        this.standardized = standardized;
    }

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message a {@link RegressorConverterProto}
     * @return the converter
     * @throws InvalidProtocolBufferException if the message is of another kind or damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static RegressorConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return OutputProtos.read(
                WHERE,
                version,
                CURRENT_VERSION,
                () -> new RegressorConverter(
                        message.unpack(RegressorConverterProto.class).getStandardized()));
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        RegressorConverterProto own = RegressorConverterProto.newBuilder()
                .setStandardized(standardized)
                .build();
        return Any.pack(own);
    }

    @Override
    public Loss loss() {
        return Loss.SQUARED_ERROR;
    }

    @Override
    public boolean generatesProbabilities() {
        return false;
    }

    @Override
    public Class<Regressor> outputClass() {
        return Regressor.class;
    }

    @Override
    public List<String> names(ImmutableOutputInfo<Regressor> domain) {
        List<String> names = new ArrayList<>();
        for (int id = 0; id < domain.size(); id++) {
            names.add(domain.getOutput(id).getNames()[0]);
        }
        return names;
    }

    /** Mean and standard deviation of the population, in double precision; a constant dimension is only centered. */
    @Override
    public Map<String, OutputScale> scales(ImmutableOutputInfo<Regressor> domain, Dataset<Regressor> data) {
        Map<String, OutputScale> scales = new LinkedHashMap<>();
        for (String name : names(domain)) {
            scales.put(name, standardized ? measured(name, data) : OutputScale.IDENTITY);
        }
        return scales;
    }

    private static OutputScale measured(String name, Dataset<Regressor> data) {
        double mean = 0;
        for (Example<Regressor> example : data) {
            mean += value(example.getOutput(), name) / data.size();
        }
        double variance = 0;
        for (Example<Regressor> example : data) {
            double difference = value(example.getOutput(), name) - mean;
            variance += difference * difference / data.size();
        }
        return new OutputScale(mean, variance > 0 ? Math.sqrt(variance) : 1);
    }

    private static double value(Regressor output, String name) {
        double value = output.getDimension(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        WHERE + ": the output has dimensions " + MessageText.name(output.getDimensionNamesString())
                                + ", not " + MessageText.name(name) + "; expected each dimension of the domain."))
                .getValue();
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(WHERE + ": the output dimension " + MessageText.name(name) + " is "
                    + value + "; expected a finite number. Clean the data.");
        }
        return value;
    }

    @Override
    public OutputBinding<Regressor> bind(
            ImmutableOutputInfo<Regressor> domain, List<String> rows, Map<String, OutputScale> scales) {
        HeadRowNames checked = HeadRowNames.of(WHERE, names(domain), rows);
        List<OutputScale> byRow = checked.names().stream()
                .map(name -> scales.getOrDefault(name, OutputScale.IDENTITY))
                .toList();
        return new Binding(checked, byRow);
    }

    private record Binding(HeadRowNames rows, List<OutputScale> scales) implements OutputBinding<Regressor> {

        @Override
        public double[] target(Regressor output) {
            double[] target = new double[rows.size()];
            for (int i = 0; i < target.length; i++) {
                target[i] = scales.get(i).standardize(value(output, rows.names().get(i)));
            }
            return target;
        }

        @Override
        public Prediction<Regressor> predict(double[] outputs, int used, Example<Regressor> example) {
            double[] values = new double[outputs.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = scales.get(i).restore(outputs[i]);
            }
            Regressor regressor = new Regressor(rows.names().toArray(new String[0]), values);
            return new Prediction<>(regressor, used, example);
        }
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "OutputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RegressorConverter that && standardized == that.standardized;
    }

    @Override
    public int hashCode() {
        return Boolean.hashCode(standardized);
    }

    @Override
    public String toString() {
        return WHERE + "(standardized=" + standardized + ")";
    }
}
