/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.tribuo.protos.MultiLabelConverterProto;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.multilabel.MultiLabel;

/**
 * Multi-label classification: any of several labels, each with a probability of its own.
 *
 * @apiNote Status: stable
 */
public final class MultiLabelConverter implements OutputConverter<MultiLabel> {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    private static final String WHERE = "MultiLabelConverter";

    @Config(description = "A label is predicted if its probability is above this, from 0 to below 1.")
    private double threshold = 0.5;

    /** Makes a converter with a threshold of one half. */
    public MultiLabelConverter() {}

    /**
     * Makes a converter.
     *
     * @param threshold a label is predicted if its probability is above this; from 0 to below 1
     * @throws IllegalArgumentException if it is outside of that range
     */
    public MultiLabelConverter(double threshold) {
        this.threshold = threshold;
        if (!isValid()) {
            throw new IllegalArgumentException(WHERE + ": " + problem());
        }
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if the threshold is outside of its range
     */
    @Override
    public void postConfig() {
        if (!isValid()) {
            throw new PropertyException("", "threshold", problem());
        }
    }

    private boolean isValid() {
        return threshold >= 0 && threshold < 1;
    }

    private String problem() {
        return "threshold = " + threshold + "; expected from 0 to below 1.";
    }

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message a {@link MultiLabelConverterProto}
     * @return the converter
     * @throws InvalidProtocolBufferException if the message is of another kind or damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static MultiLabelConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return OutputProtos.read(
                WHERE,
                version,
                CURRENT_VERSION,
                () -> new MultiLabelConverter(
                        message.unpack(MultiLabelConverterProto.class).getThreshold()));
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        MultiLabelConverterProto own =
                MultiLabelConverterProto.newBuilder().setThreshold(threshold).build();
        return Any.pack(own);
    }

    @Override
    public Loss loss() {
        return Loss.SIGMOID_CROSS_ENTROPY;
    }

    @Override
    public boolean generatesProbabilities() {
        return true;
    }

    @Override
    public Class<MultiLabel> outputClass() {
        return MultiLabel.class;
    }

    @Override
    public List<String> names(ImmutableOutputInfo<MultiLabel> domain) {
        List<String> names = new ArrayList<>();
        for (int id = 0; id < domain.size(); id++) {
            names.add(domain.getOutput(id).getLabelString());
        }
        return names;
    }

    @Override
    public Map<String, OutputScale> scales(ImmutableOutputInfo<MultiLabel> domain, Dataset<MultiLabel> data) {
        return Map.of();
    }

    @Override
    public OutputBinding<MultiLabel> bind(
            ImmutableOutputInfo<MultiLabel> domain, List<String> rows, Map<String, OutputScale> scales) {
        return new Binding(HeadRowNames.of(WHERE, names(domain), rows), threshold);
    }

    private record Binding(HeadRowNames rows, double threshold) implements OutputBinding<MultiLabel> {

        @Override
        public double[] target(MultiLabel output) {
            double[] target = new double[rows.size()];
            for (String label : output.getNameSet()) {
                target[rows.of(WHERE, label)] = 1;
            }
            return target;
        }

        @Override
        public Prediction<MultiLabel> predict(double[] outputs, int used, Example<MultiLabel> example) {
            Map<String, MultiLabel> scores = new LinkedHashMap<>();
            Set<Label> predicted = new HashSet<>();
            for (int i = 0; i < outputs.length; i++) {
                Label label = new Label(rows.names().get(i), outputs[i]);
                scores.put(label.getLabel(), new MultiLabel(label));
                if (outputs[i] > threshold) {
                    predicted.add(label);
                }
            }
            return new Prediction<>(new MultiLabel(predicted), scores, used, example, true);
        }
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "OutputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MultiLabelConverter that && Double.compare(threshold, that.threshold) == 0;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(threshold);
    }

    @Override
    public String toString() {
        return WHERE + "(threshold=" + threshold + ")";
    }
}
