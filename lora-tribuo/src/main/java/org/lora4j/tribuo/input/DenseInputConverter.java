/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.tribuo.protos.DenseInputConverterProto;
import org.tribuo.ImmutableFeatureMap;

/**
 * A vector: each input of the network is a feature of its own.
 *
 * <p>Features that an example does not have are 0. A feature name that stands twice in an example is added up, as in Tribuo.
 *
 * @apiNote Status: stable
 */
public final class DenseInputConverter implements InputConverter {

    /** Version of the proto. */
    public static final int CURRENT_VERSION = 0;

    private static final String WHERE = "DenseInputConverter";

    @Config(description = "Names of the features in the order of the network's inputs.")
    private List<String> featureNames = new ArrayList<>();

    @Config(description = "Instead of names: features go by their id, the rank of their name in the training data.")
    private boolean byFeatureId;

    /** For olcut. */
    private DenseInputConverter() {}

    /**
     * Makes a converter.
     *
     * @param featureNames names of the features in the order of the network's inputs
     * @throws IllegalArgumentException if there is none, or one stands twice
     */
    public DenseInputConverter(List<String> featureNames) {
        this.featureNames = new ArrayList<>(featureNames);
        Problems problems = problems();
        problems.throwIfAny(WHERE);
    }

    /**
     * Features go by their id, which is the rank of their name among those that the training data shows: {@code "F10"}
     * comes before {@code "F2"}, and a feature that is never seen moves all behind it. Only for networks that were trained
     * on such ids.
     *
     * @return the converter
     */
    public static DenseInputConverter byFeatureId() {
        DenseInputConverter converter = new DenseInputConverter();
        converter.byFeatureId = true;
        return converter;
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if there are no names, or one stands twice
     */
    @Override
    public void postConfig() {
        Problems problems = problems();
        if (!problems.isEmpty()) {
            throw new PropertyException("", "featureNames", problems.message(WHERE));
        }
    }

    private Problems problems() {
        Problems problems = new Problems();
        problems.check(
                featureNames.isEmpty() == byFeatureId,
                "featureNames has " + featureNames.size() + " names, byFeatureId = " + byFeatureId
                        + ", expected the names of all inputs, or byFeatureId");
        Set<String> seen = new HashSet<>();
        featureNames.stream()
                .filter(name -> !seen.add(name))
                .forEach(name -> problems.add("featureNames has \"" + name + "\" twice, expected each name once"));
        return problems;
    }

    /**
     * Reads a converter, as Tribuo asks for it.
     *
     * @param version version of the proto
     * @param className this class
     * @param message a {@link DenseInputConverterProto}
     * @return the converter
     * @throws InvalidProtocolBufferException if the message is of another kind or damaged
     * @throws IllegalArgumentException if it was written by a newer release
     */
    public static DenseInputConverter deserializeFromProto(int version, String className, Any message)
            throws InvalidProtocolBufferException {
        return InputProtos.read(WHERE, version, CURRENT_VERSION, () -> {
            List<String> names = message.unpack(DenseInputConverterProto.class).getFeatureNameList();
            return names.isEmpty() ? byFeatureId() : new DenseInputConverter(names);
        });
    }

    @Override
    public int protoVersion() {
        return CURRENT_VERSION;
    }

    @Override
    public Any protoSettings() {
        DenseInputConverterProto own = DenseInputConverterProto.newBuilder()
                .addAllFeatureName(featureNames)
                .build();
        return Any.pack(own);
    }

    @Override
    public Collection<String> featureNames(ImmutableFeatureMap domain) {
        return List.copyOf(featureNames);
    }

    @Override
    public InputBinding bind(ImmutableFeatureMap domain, List<InputSpec> inputs) {
        InputSpec input = SlotBinding.only(WHERE, inputs);
        List<Long> shape = input.shape();
        if (shape.size() != 2 || shape.get(1) < 1) {
            throw new IllegalArgumentException(WHERE + ": the network's input " + input
                    + " is not a vector; expected shape [-1, n]. Use the converter for images or for token ids.");
        }
        int size = Math.toIntExact(shape.get(1));
        if (!byFeatureId && featureNames.size() != size) {
            throw new IllegalArgumentException(WHERE + ": " + featureNames.size() + " feature names, "
                    + Problems.quoted(featureNames) + ", for the network's input " + input + "; expected " + size
                    + " names. List one for each input, in the network's order.");
        }
        FeatureSlots slots =
                byFeatureId ? FeatureSlots.byId(WHERE, domain, size) : FeatureSlots.byName(WHERE, domain, featureNames);
        return new SlotBinding(slots, input.name(), new long[] {-1, size}, size);
    }

    @Override
    public ConfiguredObjectProvenance getProvenance() {
        return new ConfiguredObjectProvenanceImpl(this, "InputConverter");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DenseInputConverter that
                && byFeatureId == that.byFeatureId
                && featureNames.equals(that.featureNames);
    }

    @Override
    public int hashCode() {
        return featureNames.hashCode();
    }

    @Override
    public String toString() {
        return WHERE + (byFeatureId ? "(byFeatureId)" : "(" + Problems.quoted(featureNames) + ")");
    }
}
