/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.oracle.labs.mlrg.olcut.config.Configurable;
import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenancable;
import java.util.Collection;
import java.util.List;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.protos.ProtoSerializable;

/**
 * Turns the features of examples into the inputs of a network.
 *
 * <p><b>Own converters</b> follow Tribuo's convention for protos: a public static method {@code
 * deserializeFromProto(int, String, Any)} gets what {@link #protoVersion}, the class and {@link #protoSettings} gave.
 *
 * <p><b>State.</b> Immutable once configured. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public interface InputConverter
        extends Configurable, ProtoSerializable<Message>, Provenancable<ConfiguredObjectProvenance> {

    /**
     * The names of all features that the network can see, whether or not a data set shows them.
     *
     * @param domain the domain of a data set, which may tell between several ways of naming
     * @return the names; empty where they are not known
     */
    Collection<String> featureNames(ImmutableFeatureMap domain);

    /**
     * Fixes which feature goes where.
     *
     * @param domain the feature domain
     * @param inputs the inputs of the network
     * @return the binding
     * @throws IllegalArgumentException if the network eats something else, or a feature of the domain has no place; the
     *     message shows the names of both sides
     */
    InputBinding bind(ImmutableFeatureMap domain, List<InputSpec> inputs);

    /**
     * The version of the message of {@link #protoSettings}.
     *
     * @return 0 or more, and more after each change that an earlier release cannot read
     */
    int protoVersion();

    /**
     * What the converter is made of, as a saved model keeps it.
     *
     * @return a message of the converter's own; {@code Any.getDefaultInstance()} if there is nothing to keep
     */
    Any protoSettings();

    /**
     * The converter as a saved model keeps it: version, class and settings.
     *
     * @return a message that Tribuo's {@code ProtoUtil.deserialize} reads
     */
    @Override
    default Message serialize() {
        return InputProtos.of(this);
    }
}
