/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;

/**
 * Classification: one label of several, with probabilities from a softmax.
 *
 * @apiNote Status: stable
 */
public final class LabelConverter implements OutputConverter<Label> {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    private static final String WHERE = "LabelConverter";

    /** Makes the converter; it has no options. */
    public LabelConverter() {}

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message holds nothing
     * @return the converter
     * @throws InvalidProtocolBufferException never: there is nothing to be damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static LabelConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return OutputProtos.read(WHERE, version, CURRENT_VERSION, LabelConverter::new);
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        return Any.getDefaultInstance();
    }

    @Override
    public Loss loss() {
        return Loss.SOFTMAX_CROSS_ENTROPY;
    }

    @Override
    public boolean generatesProbabilities() {
        return true;
    }

    @Override
    public Class<Label> outputClass() {
        return Label.class;
    }

    @Override
    public List<String> names(ImmutableOutputInfo<Label> domain) {
        List<String> names = new ArrayList<>();
        for (int id = 0; id < domain.size(); id++) {
            names.add(domain.getOutput(id).getLabel());
        }
        return names;
    }

    @Override
    public Map<String, OutputScale> scales(ImmutableOutputInfo<Label> domain, Dataset<Label> data) {
        return Map.of();
    }

    @Override
    public OutputBinding<Label> bind(
            ImmutableOutputInfo<Label> domain, List<String> rows, Map<String, OutputScale> scales) {
        return new Binding(HeadRowNames.of(WHERE, names(domain), rows));
    }

    private record Binding(HeadRowNames rows) implements OutputBinding<Label> {

        @Override
        public double[] target(Label output) {
            double[] target = new double[rows.size()];
            target[rows.of(WHERE, output.getLabel())] = 1;
            return target;
        }

        @Override
        public Prediction<Label> predict(double[] outputs, int used, Example<Label> example) {
            Map<String, Label> scores = new LinkedHashMap<>();
            Label best = null;
            for (int i = 0; i < outputs.length; i++) {
                String name = rows.names().get(i);
                Label label = new Label(name, outputs[i]);
                scores.put(name, label);
                if (best == null || label.getScore() > best.getScore()) {
                    best = label;
                }
            }
            return new Prediction<>(best, scores, used, example, true);
        }
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "OutputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LabelConverter;
    }

    @Override
    public int hashCode() {
        return WHERE.hashCode();
    }

    @Override
    public String toString() {
        return WHERE;
    }
}
